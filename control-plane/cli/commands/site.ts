import { type Site, SiteSchema, SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { collect, maskOf, wholeNumber } from '../parse.ts';
import { siteAdministratorsCommand } from './site-administrators.ts';

const FIELDS = {
  internalDomain: 'internal_domain',
  network: 'network',
  rangeStart: 'range_start',
  rangeEnd: 'range_end',
  gateway: 'gateway',
  dnsServers: 'dns_servers',
  forwarders: 'forwarders',
  externalDomains: 'external_domains',
  externalAddress: 'external_address',
  portRangeStart: 'port_range_start',
  portRangeEnd: 'port_range_end',
  trustedProxies: 'trusted_proxies',
  proxyProtocol: 'proxy_protocol',
  customDomains: 'custom_domains',
};

type SiteOptions = Partial<Pick<Site, keyof typeof FIELDS>>;

/** `berth site …`. */
export function siteCommand(): Command {
  const site = new Command('site').description('Networks with their DNS, ingress and Proxmox hosts');
  withFields(site.command('create').argument('<name>').description('Make a site'))
    .addHelpText(
      'after',
      `
Example:
  berth site create lab --internal-domain lab.internal --network 10.64.0.0/22 --range-start 10.64.0.50 \\
    --range-end 10.64.3.250 --gateway 10.64.0.1 --external-domain apps.lab --forwarder 9.9.9.9`,
    )
    .action(async (name: string, options: SiteOptions, command: Command) => {
      const answer = await clientOf(SitesService, command).createSite({ site: { name, ...options } });
      show(command, answer.site);
    });
  site
    .command('list')
    .description('List the sites')
    .action(async (_options, command: Command) => {
      const client = clientOf(SitesService, command);
      const sites = await allPages(async (pageToken) => {
        const page = await client.listSites({ pageSize: 200, pageToken });
        return { items: page.sites, next: page.nextPageToken };
      });
      printList(command, SiteSchema, sites, [
        { title: 'NAME', value: (s) => s.name },
        { title: 'NETWORK', value: (s) => s.network },
        { title: 'INTERNAL DOMAIN', value: (s) => s.internalDomain },
        { title: 'EXTERNAL DOMAINS', value: (s) => s.externalDomains.join(',') },
        { title: 'REVISION', value: (s) => s.revision },
      ]);
    });
  site
    .command('get')
    .argument('<site>')
    .description('Show a site')
    .action(async (name: string, _options, command: Command) => {
      show(command, (await clientOf(SitesService, command).getSite({ site: name })).site);
    });
  withFields(site.command('update').argument('<site>').description('Change what is named, and nothing else'))
    .addHelpText('after', '\nExample:\n  berth site update lab --forwarder 9.9.9.9 --forwarder 1.1.1.1')
    .action(async (name: string, options: SiteOptions, command: Command) => {
      const updateMask = { paths: maskOf(options, FIELDS) };
      const answer = await clientOf(SitesService, command).updateSite({ site: { name, ...options }, updateMask });
      show(command, answer.site);
    });
  site
    .command('delete')
    .argument('<site>')
    .description('Remove a site that has no nodes, agents and containers')
    .action(async (name: string, _options, command: Command) => {
      await clientOf(SitesService, command).deleteSite({ site: name });
    });
  site.addCommand(siteAdministratorsCommand());
  return site;
}

function withFields(command: Command): Command {
  return command
    .option('--internal-domain <name>', 'internal domain')
    .option('--network <cidr>', 'IPv4 network, e.g. 10.64.0.0/22')
    .option('--range-start <address>', 'first address for containers')
    .option('--range-end <address>', 'last address for containers')
    .option('--gateway <address>', 'default router of the containers')
    .option('--forwarder <address>', 'upstream resolver (repeatable)', collect)
    .option('--dns-server <address>', 'name server handed to containers (repeatable)', collect)
    .option('--external-domain <name>', 'domain for HTTP services (repeatable)', collect)
    .option('--external-address <name>', 'how the ingress is reached from outside')
    .option('--port-range-start <port>', 'first external port', wholeNumber)
    .option('--port-range-end <port>', 'last external port', wholeNumber)
    .option(
      '--trusted-proxy <range>',
      'load balancer in front of the ingress, an address or CIDR (repeatable)',
      collect,
    )
    .option('--no-trusted-proxy', 'none')
    .option('--proxy-protocol', 'load balancers begin every connection with a PROXY protocol header')
    .option('--no-proxy-protocol', 'they do not')
    .option('--custom-domains', 'people who may create containers may bring domains of their own')
    .option('--no-custom-domains', 'they may not')
    .hook('preAction', (_program, action) => pluralise(action));
}

// Repeatable options read best in the singular; the API's fields are plural.
function pluralise(command: Command): void {
  for (const name of ['forwarder', 'dnsServer', 'externalDomain']) {
    const value = command.getOptionValue(name);
    if (value !== undefined) command.setOptionValue(`${name}s`, value);
  }
  const proxies = command.getOptionValue('trustedProxy');
  if (proxies !== undefined) command.setOptionValue('trustedProxies', proxies || []);
}

function show(command: Command, site: Site | undefined): void {
  if (!site) throw new CliError('the server sent no site.');
  printMessage(command, SiteSchema, site, [
    ['Site', `${site.name} (${site.id})`],
    ['Network', `${site.network}, containers ${site.rangeStart} to ${site.rangeEnd}, gateway ${site.gateway}`],
    ['Internal domain', site.internalDomain],
    ['External domains', site.externalDomains.join(', ') || 'none'],
    ['Forwarders', site.forwarders.join(', ') || 'none'],
    ['External ports', `${site.portRangeStart} to ${site.portRangeEnd}`],
    ['Load balancers', site.trustedProxies.join(', ') || 'none'],
    ['PROXY protocol', site.proxyProtocol ? 'expected' : 'no'],
    ['Custom domains', site.customDomains ? 'allowed' : 'no'],
    ['Revision', site.revision],
    ...site.conditions.map((c): [string, string] => [c.kind, `${c.subject}: ${c.message}`]),
  ]);
}
