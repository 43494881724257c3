import { readFileSync } from 'node:fs';
import {
  type IdentityProvider,
  IdentityProviderSchema,
  IdentityProvidersService,
  NewPeople,
  ProviderCheckResult,
  ProviderCheckSchema,
} from '@berth/proto/api/v1/oidc_pb.js';
import { Command, InvalidArgumentError, Option } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { collect, maskOf } from '../parse.ts';

const FIELDS = {
  displayName: 'display_name',
  issuer: 'issuer',
  clientId: 'client_id',
  clientSecret: 'client_secret',
  scopes: 'scopes',
  groupsClaim: 'groups_claim',
  groupMappings: 'group_mappings',
  mayAdminister: 'may_administer',
  newPeople: 'new_people',
  trustedSecondFactor: 'trusted_second_factor',
  enabled: 'enabled',
};

const NEW_PEOPLE = { refused: NewPeople.REFUSED, pending: NewPeople.PENDING, active: NewPeople.ACTIVE };

interface ProviderOptions {
  displayName?: string;
  issuer?: string;
  clientId?: string;
  clientSecretFile?: string;
  scope?: string[];
  groupsClaim?: string;
  map?: { value: string; group: string }[];
  mayAdminister?: boolean;
  newPeople?: keyof typeof NEW_PEOPLE;
  trustedSecondFactor?: boolean;
  enabled?: boolean;
}

/** `berth provider …`. */
export function providerCommand(): Command {
  const provider = new Command('provider').description('Identity providers to sign in with (OpenID Connect)');
  withFields(provider.command('create').argument('<name>', 'short name, part of the redirect URI'))
    .description('Add a provider')
    .addHelpText(
      'after',
      `
Example:
  berth provider create corp --issuer https://id.example.org/realms/staff --client-id berth \\
    --client-secret-file secret.txt --new-people pending --groups-claim groups --map students=course-1`,
    )
    .action(async (name: string, options: ProviderOptions, command: Command) => {
      const fields = { enabled: true, ...resolve(options), name };
      show(command, (await clientOf(IdentityProvidersService, command).createProvider({ provider: fields })).provider);
    });
  provider
    .command('list')
    .description('List the providers')
    .action(async (_options, command: Command) => {
      const client = clientOf(IdentityProvidersService, command);
      const providers = await allPages(async (pageToken) => {
        const page = await client.listProviders({ pageSize: 200, pageToken });
        return { items: page.providers, next: page.nextPageToken };
      });
      printList(command, IdentityProviderSchema, providers, [
        { title: 'NAME', value: (p) => p.name },
        { title: 'ISSUER', value: (p) => p.issuer },
        { title: 'ACCOUNTS', value: (p) => p.identityCount },
        { title: 'ENABLED', value: (p) => (p.enabled ? 'yes' : 'no') },
      ]);
    });
  provider
    .command('get')
    .argument('<provider>', 'identifier or name')
    .description('Show a provider')
    .action(async (name: string, _options, command: Command) => {
      show(command, (await clientOf(IdentityProvidersService, command).getProvider({ provider: name })).provider);
    });
  withFields(provider.command('update').argument('<provider>', 'identifier or name'))
    .description('Change what is named, and nothing else')
    .action(async (name: string, options: ProviderOptions, command: Command) => {
      const client = clientOf(IdentityProvidersService, command);
      const fields = resolve(options);
      const { provider: found } = await client.getProvider({ provider: name });
      const updateMask = { paths: maskOf(fields, FIELDS) };
      const change = { ...fields, id: found?.id ?? '' };
      show(command, (await client.updateProvider({ provider: change, updateMask })).provider);
    });
  provider
    .command('delete')
    .argument('<provider>', 'identifier or name')
    .description('Remove a provider and its links to accounts; the accounts stay')
    .action(async (name: string, _options, command: Command) => {
      await clientOf(IdentityProvidersService, command).deleteProvider({ provider: name });
    });
  provider
    .command('test')
    .argument('<provider>', 'identifier or name')
    .description('Look whether signing in with a provider can work')
    .action(test);
  return provider;
}

async function test(name: string, _options: unknown, command: Command): Promise<void> {
  const { checks } = await clientOf(IdentityProvidersService, command).testProvider({ provider: name });
  printList(command, ProviderCheckSchema, checks, [
    { title: 'CHECK', value: (check) => check.title },
    { title: 'RESULT', value: (check) => (ProviderCheckResult[check.result] ?? '').toLowerCase() },
    { title: 'DETAIL', value: (check) => check.detail },
  ]);
  if (checks.some(({ result }) => result === ProviderCheckResult.BAD)) throw new CliError('signing in cannot work.');
}

function withFields(command: Command): Command {
  return command
    .option('--issuer <url>', 'its issuer, an https URL')
    .option('--client-id <id>', 'as the provider knows Berth')
    .option('--client-secret-file <file>', 'file with our secret there (kept out of the process list)')
    .option('--display-name <text>', 'what people see on its button')
    .option('--scope <scope>', 'what is asked for; repeatable (openid, profile, email)', collect)
    .option('--groups-claim <claim>', 'claim with groups, e.g. groups or realm_access.roles')
    .option('--map <value=group>', 'value of that claim that is a group here; repeatable', mapping)
    .option('--may-administer', 'let these groups be such that administer Berth')
    .option('--no-may-administer', 'let them be no such groups')
    .addOption(
      new Option('--new-people <what>', 'what becomes of people without an account').choices(Object.keys(NEW_PEOPLE)),
    )
    .option('--trusted-second-factor', 'it asks for a second factor itself; do not ask for ours')
    .option('--no-trusted-second-factor', 'ask for our second factor all the same')
    .option('--enabled', 'let people sign in with it')
    .option('--no-enabled', 'let nobody sign in with it');
}

/** A value may hold "=", as names in directories do. */
function mapping(text: string, before: { value: string; group: string }[] = []) {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('It takes VALUE=GROUP, e.g. students=course-1.');
  return [...before, { value: text.slice(0, at), group: text.slice(at + 1) }];
}

function resolve({ clientSecretFile, scope, map, newPeople, ...fields }: ProviderOptions) {
  return {
    ...fields,
    ...(clientSecretFile ? { clientSecret: readFileSync(clientSecretFile, 'utf8').trim() } : {}),
    ...(scope ? { scopes: scope } : {}),
    ...(map ? { groupMappings: map } : {}),
    ...(newPeople ? { newPeople: NEW_PEOPLE[newPeople] } : {}),
  };
}

function show(command: Command, provider: IdentityProvider | undefined): void {
  if (!provider) throw new CliError('the server sent no provider.');
  printMessage(command, IdentityProviderSchema, provider, [
    ['Provider', `${provider.name} (${provider.id})`],
    ['Button', provider.displayName],
    ['Issuer', provider.issuer],
    ['Client id', provider.clientId],
    ['Redirect URI', provider.redirectUri],
    ['Scopes', provider.scopes.join(' ')],
    ['New people', (NewPeople[provider.newPeople] ?? '').toLowerCase()],
    ['Groups claim', provider.groupsClaim],
    ...provider.groupMappings.map(({ value, group, groupName }): [string, string] => [
      'Group',
      `${value} = ${groupName || `${group} (gone)`}`,
    ]),
    ['May administer', provider.mayAdminister ? 'yes' : 'no'],
    ['Second factor', provider.trustedSecondFactor ? 'its own' : 'ours'],
    ['Accounts linked', provider.identityCount],
    ['Enabled', provider.enabled ? 'yes' : 'no'],
  ]);
}
