import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { type CreateApiTokenRequestSchema, TokenScope, TokensService } from '@berth/proto/api/v1/tokens_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, createClient } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import { containerRequest } from '../operations/testing/requests.ts';
import { SYSADMINS } from '../store/built-in-groups.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

const HOUR = 3_600_000;

describe('API tokens', () => {
  let bench: ApiBench;
  beforeEach(async () => {
    bench = await openApiBench();
  });
  afterEach(() => bench.close());

  type Wish = MessageInitShape<typeof CreateApiTokenRequestSchema>;
  const tokens = (caller: Caller) => bench.client(TokensService, caller);
  const make = async (caller: Caller, wish: Wish = {}) =>
    (await tokens(caller)).createApiToken({ name: 'deploy', scope: TokenScope.CONTAINERS, ...wish });
  const containers = (token: string) => createClient(ContainersService, bench.transport(token));
  const owned = async (name: string) => {
    const { container } = await (await bench.client(ContainersService, bench.site.owner)).createContainer(
      containerRequest(name),
    );
    return container?.id ?? '';
  };

  it('act in the name of their owner, are listed without themselves, and kept as a hash', async () => {
    const { token, apiToken } = await make(bench.site.owner);
    expect(token).toMatch(/^bet_[\w-]{43}$/);
    const { user } = await createClient(AuthService, bench.transport(token)).whoAmI({});
    expect(user?.username).toBe(bench.site.owner.username);
    const { apiTokens } = await (await tokens(bench.site.owner)).listApiTokens({});
    expect(apiTokens).toMatchObject([{ id: apiToken?.id, name: 'deploy', lastUsedAddress: '' }]);
    expect(token.startsWith(apiTokens[0]?.prefix ?? 'x')).toBe(true);
    expect(apiTokens[0]?.lastUsedAt).toBeDefined();
    const rows = await bench.store.db.selectFrom('api_tokens').selectAll().execute();
    const audits = await bench.store.db.selectFrom('audit').selectAll().execute();
    expect(JSON.stringify([rows, audits])).not.toContain(token);
  });

  it('give no token again for a repeated call', async () => {
    const wish = { idempotencyKey: 'once' };
    const [first, again] = [await make(bench.site.owner, wish), await make(bench.site.owner, wish)];
    expect(again.apiToken?.id).toBe(first.apiToken?.id);
    expect(again.token).toBe('');
  });

  it('reach no further than their scope, and never to accounts and other tokens', async () => {
    const { token: read } = await make(bench.site.administrator, { scope: TokenScope.READ });
    await expect(containers(read).createContainer(containerRequest('web1'))).rejects.toMatchObject({
      code: Code.PermissionDenied,
      message: expect.stringContaining('scope "containers"'),
    });
    const { token: change } = await make(bench.site.administrator);
    const sites = createClient(SitesService, bench.transport(change));
    await expect(sites.deleteSite({ site: 'lab' })).rejects.toMatchObject({ code: Code.PermissionDenied });
    const { token: admin } = await make(bench.site.administrator, { scope: TokenScope.ADMIN });
    const maker = createClient(TokensService, bench.transport(admin)).createApiToken({ name: 'x', scope: 3 });
    await expect(maker).rejects.toMatchObject({ code: Code.PermissionDenied });
  });

  it('reach no further than their owner does now', async () => {
    const { token } = await make(bench.site.administrator, { scope: TokenScope.ADMIN });
    const sites = createClient(SitesService, bench.transport(token));
    await bench.store.db.deleteFrom('group_members').where('group_id', '=', SYSADMINS.id).execute();
    await expect(sites.deleteSite({ site: 'lab' })).rejects.toMatchObject({ code: Code.PermissionDenied });
    await bench.store.db.updateTable('users').set({ status: 'suspended' }).execute();
    await expect(sites.listSites({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  it('of one container see and change that one only', async () => {
    const [mine, other] = [await owned('web1'), await owned('web2')];
    const { token } = await make(bench.site.owner, { container: mine });
    expect((await containers(token).listContainers({})).containers.map(({ id }) => id)).toEqual([mine]);
    await expect(containers(token).getContainer({ container: other })).rejects.toMatchObject({ code: Code.NotFound });
    await expect(containers(token).createContainer(containerRequest('web3'))).rejects.toMatchObject({
      code: Code.PermissionDenied,
    });
  });

  it('of one site administer no other, even those of an administrator', async () => {
    const { token } = await make(bench.site.administrator, { scope: TokenScope.ADMIN, site: 'lab' });
    const site = {
      ...{ name: 'other', internalDomain: 'other.internal', network: '10.90.0.0/24', gateway: '10.90.0.1' },
      ...{ rangeStart: '10.90.0.10', rangeEnd: '10.90.0.20' },
    };
    await (await bench.client(SitesService, bench.site.administrator)).createSite({ site });
    const sites = createClient(SitesService, bench.transport(token));
    const change = (id: string) =>
      sites.updateSite({ site: { id, forwarders: ['10.0.0.1'] }, updateMask: { paths: ['forwarders'] } });
    await expect(change('other')).rejects.toMatchObject({ code: Code.PermissionDenied });
    expect((await change('lab')).site?.forwarders).toEqual(['10.0.0.1']);
    const elsewhere = containerRequest('web1');
    Object.assign(elsewhere.container ?? {}, { site: 'other' });
    const made = containers(token).createContainer(elsewhere);
    await expect(made).rejects.toMatchObject({ code: Code.PermissionDenied });
  });

  it('cannot name what their maker does not see', async () => {
    const container = await owned('web1');
    await expect(make(bench.site.stranger, { container })).rejects.toMatchObject({ code: Code.NotFound });
  });

  it('expire', async () => {
    const { token } = await make(bench.site.owner, { ttl: { seconds: 3_600n } });
    await containers(token).listContainers({});
    await bench.clock.advance(HOUR);
    await expect(containers(token).listContainers({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  it('are revoked at once, also for a call that lasts', async () => {
    const container = await owned('web1');
    const { token, apiToken } = await make(bench.site.owner);
    const watch = containers(token).watchContainer({ container })[Symbol.asyncIterator]();
    expect((await watch.next()).value?.container?.id).toBe(container);
    await (await tokens(bench.site.owner)).deleteApiToken({ apiToken: apiToken?.id ?? '' });
    await expect(watch.next()).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(containers(token).listContainers({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  it('of others are for administrators to see and to revoke', async () => {
    const { token, apiToken } = await make(bench.site.owner);
    const id = apiToken?.id ?? '';
    const stranger = await tokens(bench.site.stranger);
    const { username } = bench.site.owner;
    await expect(stranger.listApiTokens({ user: username })).rejects.toMatchObject({ code: Code.NotFound });
    await expect(stranger.deleteApiToken({ apiToken: id })).rejects.toMatchObject({ code: Code.NotFound });
    const administrator = await tokens(bench.site.administrator);
    expect((await administrator.listApiTokens({ user: username })).apiTokens).toHaveLength(1);
    await administrator.deleteApiToken({ apiToken: id });
    await expect(containers(token).listContainers({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  });
});
