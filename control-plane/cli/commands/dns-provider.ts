import { type DnsProvider, DnsProviderSchema, DnsProvidersService } from '@berth/proto/api/v1/dns_providers_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { collect } from '../parse.ts';
import { type KindOptions, kindOf, pathsOf, withKindOptions } from './dns-provider-options.ts';

interface ProviderOptions extends KindOptions {
  checkServer?: string[];
  name?: string;
}

const KIND_WORDS = {
  cloudflare: 'Cloudflare',
  rfc2136: 'dynamic updates (RFC 2136)',
  acmeDns: 'acme-dns, for challenges only',
  webhook: 'webhook',
  dnsmasq: "the site's own dnsmasq, for challenges only",
} as const;

/** `berth dns-provider …`. */
export function dnsProviderCommand(): Command {
  const provider = new Command('dns-provider').description('Where records in the DNS are kept');
  withFields(provider.command('create').argument('<name>'))
    .description('Make a provider; what it is is told by the options of its kind')
    .addHelpText(
      'after',
      `
Examples:
  berth dns-provider create updates --rfc2136-server ns1.example.org --rfc2136-key berth --rfc2136-secret-file key.txt
  berth dns-provider create cloud --cloudflare-token-file token.txt
  berth dns-provider create inside --dnsmasq`,
    )
    .action(async (name: string, options: ProviderOptions, command: Command) => {
      const fields = { name, checkServers: options.checkServer ?? [], kind: kindOf(options) };
      if (fields.kind === undefined) throw new CliError('give the options of one kind of provider.');
      show(command, (await clientOf(DnsProvidersService, command).createDnsProvider({ provider: fields })).provider);
    });
  addReading(provider);
  withFields(provider.command('update').argument('<provider>', 'name or identifier'))
    .description('Change what is named, and nothing else')
    .option('--name <name>', 'another name')
    .addHelpText('after', '\nExample:\n  berth dns-provider update cloud --cloudflare-token-file new-token.txt')
    .action(async (reference: string, options: ProviderOptions, command: Command) => {
      const client = clientOf(DnsProvidersService, command);
      const { provider: known } = await client.getDnsProvider({ provider: reference });
      const { name = '', checkServer = [] } = options;
      const own = [...(options.name === undefined ? [] : ['name']), ...(options.checkServer ? ['check_servers'] : [])];
      const change = { id: known?.id ?? '', name, checkServers: checkServer, kind: kindOf(options) };
      const updateMask = { paths: [...own, ...pathsOf(options)] };
      show(command, (await client.updateDnsProvider({ provider: change, updateMask })).provider);
    });
  provider
    .command('delete')
    .argument('<provider>', 'name or identifier')
    .description('Remove a provider that no domain uses')
    .action(async (name: string, _options, command: Command) => {
      await clientOf(DnsProvidersService, command).deleteDnsProvider({ provider: name });
    });
  return provider;
}

function addReading(provider: Command): void {
  provider
    .command('list')
    .description('List the providers')
    .action(async (_options, command: Command) => {
      const client = clientOf(DnsProvidersService, command);
      const providers = await allPages(async (pageToken) => {
        const page = await client.listDnsProviders({ pageSize: 200, pageToken });
        return { items: page.providers, next: page.nextPageToken };
      });
      printList(command, DnsProviderSchema, providers, [
        { title: 'NAME', value: (p) => p.name },
        { title: 'KIND', value: (p) => (p.kind.case ? KIND_WORDS[p.kind.case] : '') },
        { title: 'DOMAINS', value: (p) => p.domains.length },
        { title: 'LAST ERROR', value: (p) => p.lastError },
      ]);
    });
  provider
    .command('get')
    .argument('<provider>', 'name or identifier')
    .description('Show a provider')
    .action(async (name: string, _options, command: Command) => {
      show(command, (await clientOf(DnsProvidersService, command).getDnsProvider({ provider: name })).provider);
    });
  provider
    .command('test')
    .argument('<provider>', 'name or identifier')
    .argument('<domain>', 'domain under which a record is put')
    .description('Put a TXT record, look whether it is served, and take it away again')
    .action(test);
}

async function test(name: string, domain: string, _options: unknown, command: Command): Promise<void> {
  const { ok, log } = await clientOf(DnsProvidersService, command).testDnsProvider({ provider: name, domain });
  for (const line of log) process.stdout.write(`${line}\n`);
  if (!ok) throw new CliError('the provider does not work.');
}

function withFields(command: Command): Command {
  return withKindOptions(command).option(
    '--check-server <server>',
    'name server to ask whether a record is served, HOST or HOST:PORT; repeatable (those of the zone)',
    collect,
  );
}

function show(command: Command, provider: DnsProvider | undefined): void {
  if (!provider) throw new CliError('the server sent no provider.');
  const { $typeName: _, ...settings } = provider.kind.value ?? { $typeName: '' };
  printMessage(command, DnsProviderSchema, provider, [
    ['Provider', `${provider.name} (${provider.id})`],
    ['Kind', provider.kind.case ? KIND_WORDS[provider.kind.case] : ''],
    ...Object.entries(settings)
      .filter(([, value]) => value !== '')
      .map(([name, value]): [string, string] => [labelOf(name), String(value)]),
    ['Asked', provider.checkServers.join(' ') || 'the name servers of the zone'],
    ['Domains', provider.domains.join(' ')],
    ['Last error', provider.lastError],
  ]);
}

/** "keyName" as people read it: "Key name". */
function labelOf(name: string): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
