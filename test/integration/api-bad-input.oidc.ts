/** Bad values for the requests about identity providers; see api-bad-input.table.ts. */
import type { ApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { takeNumber } from '@berth/control-plane/store/counters.ts';
import { IdentityProvidersService } from '@berth/proto/api/v1/oidc_pb.js';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type BadInputs, HOSTILE, KEY, listed, MASK, NAME, named, nothing, REFERENCE } from './api-bad-input.values.ts';

type ProviderRpc = Extract<Rpc, `IdentityProvidersService.${string}`>;

const LINE = ['a\nb', 'a\0b', 'a\u202eb', 'x'.repeat(5_000)];
const TOKEN = ['', 'a b', 'a\0b', 'x'.repeat(42), 'x'.repeat(44), 'x'.repeat(5_000)];
const STATE = 'A'.repeat(43);

const provider: JsonObject = {
  name: 'other',
  display_name: 'Other',
  issuer: 'https://id.example.org/realms/staff',
  client_id: 'berth',
  client_secret: 'secret',
  scopes: ['openid', 'email'],
  groups_claim: 'groups',
  group_mappings: [{ value: 'staff', group: 'mapped' }],
  new_people: 2,
};

const badProvider: Record<string, JsonValue[]> = {
  'provider.display_name': LINE,
  'provider.issuer': [
    ...['', 'http://id.example.org', 'ftp://id.example.org', 'https://a/?x=1', 'https://a/#x', 'https://u:p@a', '//a'],
    ...HOSTILE,
  ],
  'provider.client_id': ['', 'а', ...LINE],
  'provider.client_secret': ['а', ...LINE],
  'provider.scopes[]': ['', 'email', ...HOSTILE],
  'provider.groups_claim': ['', ...LINE],
  'provider.group_mappings[].value': ['', ...LINE],
  'provider.group_mappings[].group': ['ldapusers', 'sysadmins', ...REFERENCE],
  'provider.new_people': [99],
};

const output = ['redirect_uri', 'identity_count', 'created_at', 'updated_at', 'group_mappings[].group_name'];
const flags = ['may_administer', 'trusted_second_factor', 'enabled'];
const free = [...output, ...flags].map((field) => `provider.${field}`);

/** The rows of these RPCs. */
export const identityProviderBadInputs: Record<ProviderRpc, BadInputs> = {
  'IdentityProvidersService.CreateProvider': {
    good: { provider },
    bad: { ...badProvider, 'provider.name': ['corp', 'Other', 'a.b', '-a', ...NAME], idempotency_key: KEY },
    free: ['provider.id', ...free],
  },
  'IdentityProvidersService.GetProvider': named('provider', 'corp'),
  'IdentityProvidersService.ListProviders': listed(),
  'IdentityProvidersService.UpdateProvider': {
    good: {
      provider: { ...provider, id: '<provider>' },
      update_mask:
        'displayName,issuer,clientId,clientSecret,scopes,groupsClaim,groupMappings,mayAdminister,newPeople,trustedSecondFactor,enabled',
    },
    bad: { ...badProvider, 'provider.id': REFERENCE, update_mask: [...MASK, 'name', 'redirectUri'] },
    free: ['provider.name', ...free],
  },
  'IdentityProvidersService.DeleteProvider': named('provider', 'corp'),
  'IdentityProvidersService.TestProvider': named('provider', 'corp'),
  'IdentityProvidersService.ListOwnIdentities': nothing,
  'IdentityProvidersService.BeginLink': named('provider', 'corp'),
  'IdentityProvidersService.UnlinkIdentity': named('identity', '<identity>'),
  'IdentityProvidersService.ListSignInProviders': nothing,
  'IdentityProvidersService.BeginOidcSignIn': {
    good: { provider: 'corp', next: '/containers' },
    bad: {
      provider: REFERENCE,
      next: ['//evil.test', '/\\evil.test', 'https://evil.test', 'javascript:alert(1)', '/a\nb', '/a\\b', ...HOSTILE],
    },
  },
  'IdentityProvidersService.CompleteOidcSignIn': {
    good: { provider: 'corp', query: `code=x&state=${STATE}`, browser_token: STATE },
    bad: {
      provider: ['', 'a\nb', 'x'.repeat(5_000)],
      query: ['', 'code=x', 'state=x', `state=${STATE}&state=${STATE}`, `state=${STATE}&x=${'x'.repeat(9_000)}`],
      browser_token: TOKEN,
    },
  },
};

/** Puts in a provider "corp" that nobody can reach, and a group to map. @returns the provider's identifier */
export async function seedProvider(bench: ApiBench): Promise<string> {
  await bench.store.transaction(async (tx) => {
    const gid_number = await takeNumber(tx, 'gid_number');
    const times = { created_at: tx.now, updated_at: tx.now };
    const row = { id: 'grp-mapped', name: 'mapped', gid_number, description: '', administrator: 0, built_in: 0 };
    await tx.db
      .insertInto('groups')
      .values({ ...row, ...times })
      .execute();
  });
  const client = await bench.client(IdentityProvidersService, bench.site.administrator);
  const corp = { ...asMessage, name: 'corp', enabled: true };
  return (await client.createProvider({ provider: corp })).provider?.id ?? '';
}

/** Port 1 is one that nothing is fetched from. */
const asMessage = { displayName: 'Corp', issuer: 'http://127.0.0.1:1', clientId: 'berth', clientSecret: 'secret' };
