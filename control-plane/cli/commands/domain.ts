import { DomainSchema, DomainsService, WatchDomainResponseSchema } from '@berth/proto/api/v1/domains_pb.js';
import { toJson } from '@bufbuild/protobuf';
import { Command, Option } from 'commander';
import { clientOf } from '../client.ts';
import { ACCESS, CHALLENGES, certificatesText, SCOPES, SOURCES, stateText, wordOf } from '../domain-words.ts';
import { CliError } from '../explain.ts';
import { formatOf, printData, printList } from '../output.ts';
import { allPages } from '../pages.ts';
import { maskOf, wholeNumber } from '../parse.ts';
import { showDomain } from '../show-domain.ts';
import { domainGrants } from './domain-grants.ts';

const FIELDS = {
  access: 'access',
  certificateSource: 'certificate_source',
  certificateScope: 'certificate_scope',
  acmeAccount: 'acme_account',
  challenge: 'challenge',
  dnsProvider: 'dns_provider',
  publishDns: 'publish_dns',
  hstsMaxAgeSeconds: 'hsts_max_age_seconds',
  hstsIncludeSubdomains: 'hsts_include_subdomains',
  hstsPreload: 'hsts_preload',
  oauth2ProxyUrl: 'oauth2_proxy_url',
};

/** A year, in seconds. */
const YEAR = 31_536_000;

interface DomainOptions {
  access?: keyof typeof ACCESS;
  certificates?: keyof typeof SOURCES;
  scope?: keyof typeof SCOPES;
  acmeAccount?: string;
  challenge?: keyof typeof CHALLENGES;
  dnsProvider?: string;
  publishDns?: boolean;
  hstsMaxAge?: number;
  hstsIncludeSubdomains?: boolean;
  hstsPreload?: boolean;
  oauth2Proxy?: string;
}

/** `berth domain …`. */
export function domainCommand(): Command {
  const domain = new Command('domain').description('External domains: who may use them, where certificates come from');
  withFields(domain.command('create').argument('<name>', 'e.g. apps.example.org'))
    .requiredOption('--site <site>', 'name or identifier of its site')
    .option('--custom', 'bring it as your own; prove it with "berth domain verify"')
    .description('Make a domain')
    .addHelpText(
      'after',
      `
Examples:
  berth domain create apps.example.org --site lab --certificates acme --acme-account letsencrypt --dns-provider cf
  berth domain create shop.example.org --site lab --custom --certificates acme --scope per-name --acme-account letsencrypt`,
    )
    .action(async (name: string, options: DomainOptions & { site: string; custom?: boolean }, command: Command) => {
      const { site, custom = false, ...rest } = options;
      const fields = { hstsMaxAgeSeconds: YEAR, ...resolve(rest), site, name };
      showDomain(command, (await clientOf(DomainsService, command).createDomain({ domain: fields, custom })).domain);
    });
  addReading(domain);
  withFields(domain.command('update').argument('<domain>', 'name or identifier'))
    .description('Change what is named, and nothing else')
    .addHelpText('after', '\nExample:\n  berth domain update apps.example.org --certificates internal')
    .action(async (reference: string, options: DomainOptions, command: Command) => {
      const client = clientOf(DomainsService, command);
      const { domain: found } = await client.getDomain({ domain: reference });
      const fields = resolve(options);
      const updateMask = { paths: maskOf(fields, FIELDS) };
      showDomain(
        command,
        (await client.updateDomain({ domain: { ...fields, id: found?.id ?? '' }, updateMask })).domain,
      );
    });
  addLife(domain);
  domainGrants(domain);
  return domain;
}

function addReading(domain: Command): void {
  domain
    .command('list')
    .option('--site <site>', 'only those of a site', '')
    .description('List the domains you may use')
    .action(async ({ site }: { site: string }, command: Command) => {
      const client = clientOf(DomainsService, command);
      const domains = await allPages(async (pageToken) => {
        const page = await client.listDomains({ site, pageSize: 200, pageToken });
        return { items: page.domains, next: page.nextPageToken };
      });
      printList(command, DomainSchema, domains, [
        { title: 'NAME', value: (d) => d.name },
        { title: 'OF', value: (d) => d.owner || 'the site' },
        { title: 'ACCESS', value: (d) => wordOf(ACCESS, d.access) },
        { title: 'CERTIFICATES', value: certificatesText },
        { title: 'PROBLEMS', value: (d) => d.conditions.length },
      ]);
    });
  domain
    .command('get')
    .argument('<domain>', 'name or identifier')
    .description('Show a domain')
    .action(async (reference: string, _options, command: Command) => {
      showDomain(command, (await clientOf(DomainsService, command).getDomain({ domain: reference })).domain);
    });
  domain
    .command('watch')
    .argument('<domain>', 'name or identifier')
    .description('Follow a domain and its certificates until you stop it')
    .addHelpText('after', '\nExample:\n  berth domain watch apps.example.org')
    .action(watch);
}

function addLife(domain: Command): void {
  domain
    .command('delete')
    .argument('<domain>', 'name or identifier')
    .description('Remove a domain under which nothing is served')
    .action(async (reference: string, _options, command: Command) => {
      await clientOf(DomainsService, command).deleteDomain({ domain: reference });
    });
  domain
    .command('verify')
    .argument('<domain>', 'name or identifier')
    .description('Look for the proof of ownership now')
    .addHelpText('after', '\nExample:\n  berth domain verify shop.example.org')
    .action(async (reference: string, _options, command: Command) => {
      const { domain: found } = await clientOf(DomainsService, command).verifyDomain({ domain: reference });
      showDomain(command, found);
      if (!found?.verified) throw new CliError('the ownership is not proven.');
    });
}

async function watch(reference: string, _options: unknown, command: Command): Promise<void> {
  const format = formatOf(command);
  for await (const event of clientOf(DomainsService, command).watchDomain({ domain: reference })) {
    if (format !== 'table') {
      printData(format, toJson(WatchDomainResponseSchema, event, { alwaysEmitImplicit: true }));
      continue;
    }
    if (event.domain) process.stdout.write(`${event.domain.name}  ${certificatesText(event.domain)}\n`);
    for (const { name, state, progress, lastError } of event.certificates) {
      const words = [stateText(state), progress, lastError].filter((text) => text !== '');
      process.stdout.write(`  ${name}  ${words.join('; ')}\n`);
    }
  }
}

function withFields(command: Command): Command {
  const choice = (flags: string, description: string, choices: object) =>
    new Option(flags, description).choices(Object.keys(choices));
  return command
    .addOption(choice('--access <who>', 'everybody at the site, or those it was given to', ACCESS))
    .addOption(choice('--certificates <source>', 'where certificates come from', SOURCES))
    .addOption(choice('--scope <scope>', 'one certificate for all names right below, or one for each', SCOPES))
    .option('--acme-account <account>', 'ACME account to order with')
    .addOption(choice('--challenge <type>', 'how the authority is shown that the name is ours', CHALLENGES))
    .option('--dns-provider <provider>', 'for DNS-01 and public records; empty for none')
    .option('--publish-dns', 'keep public address records for the names of services')
    .option('--no-publish-dns', 'keep none')
    .option('--hsts-max-age <seconds>', 'Strict-Transport-Security; 0 for none (a new domain: a year)', wholeNumber)
    .option('--hsts-include-subdomains', 'it holds for the names below, too')
    .option('--no-hsts-include-subdomains', 'it does not')
    .option('--hsts-preload', 'browsers may build it in')
    .option('--no-hsts-preload', 'they may not')
    .option('--oauth2-proxy <url>', 'oauth2-proxy that signs people in; empty for none');
}

function resolve({ access, certificates, scope, challenge, hstsMaxAge, oauth2Proxy, ...fields }: DomainOptions) {
  return {
    ...fields,
    ...(access ? { access: ACCESS[access] } : {}),
    ...(certificates ? { certificateSource: SOURCES[certificates] } : {}),
    ...(scope ? { certificateScope: SCOPES[scope] } : {}),
    ...(challenge ? { challenge: CHALLENGES[challenge] } : {}),
    ...(hstsMaxAge === undefined ? {} : { hstsMaxAgeSeconds: hstsMaxAge }),
    ...(oauth2Proxy === undefined ? {} : { oauth2ProxyUrl: oauth2Proxy }),
  };
}
