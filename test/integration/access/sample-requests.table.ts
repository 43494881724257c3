/**
 * What the access matrix asks of each RPC. By default it sends the right request of `api-bad-input.table.ts`; here
 * stand those which there would not succeed for whoever is allowed. `<name>` stands for an identifier of the world:
 * container, other, operation, node, spare (another node), nginx, site, empty (another site), http, tcp, udp, provider,
 * or a login name of `people.ts` for that person's identifier.
 *
 * A NEW RPC needs nothing here when its row in `api-bad-input.table.ts` has a `good` request that works in this world
 * for everybody its policy row allows. Else give it a row: another `request`, a `prepare` that puts in what it needs
 * (taken back after each call), or, where success wants a real device or server elsewhere, the `reason` with which a
 * permitted call fails.
 */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { ensureSetupCode } from '@berth/control-plane/auth/setup-code.ts';
import { SYSADMINS } from '@berth/control-plane/store/built-in-groups.ts';
import { insertIdentity } from '@berth/control-plane/store/oidc-identities.ts';
import { DEFAULT_OPTIONS, serviceOptionsColumn } from '@berth/control-plane/store/service-options.ts';
import type { JsonObject } from '@bufbuild/protobuf';
import { publicKey } from '../api-bad-input.people.ts';

import { domainSamples } from './domain-samples.ts';
import { mailSamples, withMail } from './mail-samples.ts';
import { PASSWORD, type Person } from './people.ts';
import { securitySamples } from './sample-security.table.ts';
import type { World } from './world.ts';

/** What one RPC is asked. */
export interface Sample {
  /** Instead of the `good` request of the table of bad input. */
  request?: JsonObject;
  /** Puts in what the call needs. @returns further identifiers for the request */
  prepare?: (world: World, person: Person) => Promise<Record<string, string>>;
  /** The reason a permitted call fails with, where none can succeed in a test like this. */
  reason?: string;
  /** Whether whoever administers any site may call it and sees what is of his. */
  narrowed?: boolean;
  /** How many audit rows a permitted call leaves, with the reason; exactly one where nothing is said. */
  audit?: { rows: number; because: string };
}

const NOTHING_YET = { rows: 0, because: 'nothing has happened until the browser is back' };

/** Links a person to the provider, for him to unlink. */
async function linkPerson({ bench, identifiers }: World, { username }: Person): Promise<Record<string, string>> {
  const userId = identifiers.get(username);
  const link = { issuer: 'https://id.example.org', subject: username, providerId: identifiers.get('provider') ?? '' };
  if (username === '' || !userId) return {};
  const { id } = await bench.store.transaction((tx) => insertIdentity(tx, { ...link, userId, used: false }));
  return { identity: id };
}
/** Puts in a request for access to web1. */
async function putRequest({ bench, identifiers }: World, username: string): Promise<Record<string, string>> {
  const request = {
    id: 'acr-1',
    user_id: identifiers.get(username) ?? '',
    site_id: bench.site.siteId,
    hostname: 'web1',
    container_id: identifiers.get('container') ?? '',
    role: 'user',
    message: '',
    state: 'open',
    answer: '',
    created_at: 1,
  } as const;
  await bench.store.db.insertInto('access_requests').values(request).execute();
  return { request: request.id };
}

/** The table. */
export const samples: Partial<Record<Rpc, Sample>> = {
  'AuthService.CreateFirstAdministrator': {
    prepare: async ({ bench }) => {
      await bench.store.db.deleteFrom('group_members').where('group_id', '=', SYSADMINS.id).execute();
      return { setup: (await ensureSetupCode(bench.store)) ?? '' };
    },
  },
  'AuthService.SignIn': { request: { username: 'sam', password: PASSWORD } },
  'AgentsService.ConfirmRestore': {
    prepare: async ({ bench, identifiers }) => {
      const ahead = { restored_revision: 1, ahead_generation: 5 };
      const nginx = identifiers.get('nginx') ?? '';
      await bench.store.db.updateTable('agents').set(ahead).where('id', '=', nginx).execute();
      return {};
    },
  },
  'UsersService.LookupPeople': { audit: { rows: 0, because: 'it reads names' } },
  'AccountService.SendEmailVerification': {
    prepare: async (world, { username }) => {
      const user = world.identifiers.get(username || 'sam') ?? '';
      const unverified = { email: 'new@harbour.example', email_verified: 0 };
      await world.bench.store.db.updateTable('users').set(unverified).where('id', '=', user).execute();
      return withMail(world);
    },
  },
  'AccountService.AddSshKey': { request: { key: { publicKey: publicKey('E') } } },
  'AccountService.DeleteSshKey': {
    prepare: async ({ bench, identifiers }, { username }) => {
      const user_id = identifiers.get(username || 'sam') ?? '';
      const row = { id: 'key-own', user_id, name: 'own', key_type: '', public_key: '', fingerprint: '', created_at: 1 };
      await bench.store.db.insertInto('ssh_keys').values(row).execute();
      return { key: row.id };
    },
  },
  ...securitySamples,
  'AppSignInService.BeginAppSignIn': {
    prepare: async ({ bench, identifiers }) => {
      const options = serviceOptionsColumn({
        ...DEFAULT_OPTIONS,
        signIn: { require: 'anybody', groups: [], openPaths: [] },
      });
      const service = identifiers.get('http') ?? '';
      await bench.store.db.updateTable('services').set({ options }).where('id', '=', service).execute();
      return {};
    },
  },
  'SitesService.UpdateSite': {
    request: { site: { id: '<site>', forwarders: ['10.80.0.3'] }, updateMask: 'forwarders' },
  },
  'SitesService.DeleteSite': { request: { site: '<empty>' } },
  'TokensService.DeleteApiToken': {
    prepare: async ({ bench }, { username }) => {
      const row = { id: `tok-${username}`, name: 'x', prefix: 'bet_x', scope: 'read' } as const;
      const user = await bench.store.db
        .selectFrom('users')
        .select('id')
        .where('username', '=', username)
        .executeTakeFirst();
      if (!user) return { token: 'tok-none' };
      await bench.store.db
        .insertInto('api_tokens')
        .values({ ...row, user_id: user.id, token_hash: '', last_used_address: '', created_at: 1 })
        .execute();
      return { token: row.id };
    },
  },
  'AccessService.SetMember': {
    request: { container: '<container>', holder: { user: 'sam' }, role: 'CONTAINER_ROLE_USER' },
  },
  'AccessService.RemoveMember': { request: { container: '<container>', holder: { user: 'uma' } } },
  // Who has his role by a group or as owner is told that there is nothing to give up.
  'AccessService.LeaveContainer': { reason: 'no_own_role' },
  'AccessService.TransferOwnership': { request: { container: '<container>', newOwner: 'uma' } },
  'AccessService.DecideAccessRequest': { prepare: (world) => putRequest(world, 'sam') },
  'AccessService.WithdrawAccessRequest': { prepare: (world, { username }) => putRequest(world, username || 'sam') },
  'AccessService.RemoveSiteAdministrator': { request: { site: 'lab', holder: { user: 'sita' } } },
  'AgentsService.ListAgents': { narrowed: true },
  'AgentsService.WatchAgents': { narrowed: true },
  'NodesService.DeleteNode': { request: { node: '<spare>' } },
  'IdentityProvidersService.BeginLink': { reason: 'provider_unreachable', audit: NOTHING_YET },
  'IdentityProvidersService.UnlinkIdentity': { prepare: linkPerson },
  'IdentityProvidersService.BeginOidcSignIn': { reason: 'provider_unreachable', audit: NOTHING_YET },
  'IdentityProvidersService.CompleteOidcSignIn': {
    reason: 'journey_over',
    audit: { rows: 0, because: 'nobody knows a journey that never began' },
  },
  ...mailSamples,
  ...domainSamples,
  'NodesService.UpdateNode': { request: { node: { id: '<node>', schedulable: true }, updateMask: 'schedulable' } },
};
