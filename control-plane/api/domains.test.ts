/** Domains: whose they are, how somebody shows that one is his, and who may put services under them. */
import { CertificateScope, CertificateSource, DomainAccess, DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { UsersService } from '@berth/proto/api/v1/people_pb.js';
import { ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import type { DomainVerdict } from '../dns/prove-domain.ts';
import { newId } from '../ids.ts';
import { pruneExpired } from '../reconcilers/prune-expired.ts';
import { addGroupMember, insertGroup } from '../store/groups.ts';
import { standingOf } from '../store/standing.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';
import { addPerson, sharedContainer } from './testing/shared-container.ts';

const DAY = 24 * 3_600_000;
const NAME = 'shop.example.org';

describeEachDialect('domains', (create) => {
  let bench: ApiBench;
  let owner: Caller;
  let sam: Caller;
  let administrator: Caller;
  let verdict: DomainVerdict;
  let looked: string[];

  beforeEach(async () => {
    bench = await openApiBench((await create()).url);
    ({ owner, stranger: sam, administrator } = bench.site);
    verdict = { proven: false, by: null, reason: 'TXT record _berth.shop.example.org: there is none.' };
    looked = [];
    bench.deps.proveDomain = async ({ name, token }) => {
      looked.push(`${name} ${token}`);
      return verdict;
    };
    await bench.store.db.updateTable('sites').set({ custom_domains: 1 }).execute();
  });
  afterEach(() => bench.close());

  const domains = (caller: Caller) => bench.client(DomainsService, caller);
  const bring = async (caller: Caller, name = NAME) =>
    (await (await domains(caller)).createDomain({ domain: { site: 'lab', name }, custom: true })).domain;
  const check = async (caller: Caller, domain: string) => {
    await bench.clock.advance(10_000);
    return (await (await domains(caller)).verifyDomain({ domain })).domain;
  };
  const proven = async (caller: Caller, name = NAME) => {
    const made = await bring(caller, name);
    verdict = { proven: true, by: 'txt', reason: '' };
    return check(caller, made?.id ?? '');
  };
  const serve = async (caller: Caller, container: string, host: string) => {
    const service = { internalPort: 80, exposure: { case: 'http' as const, value: { host } } };
    return (await bench.client(ServicesService, caller)).createService({ container, service });
  };
  const audited = async (action: string) => {
    const rows = await bench.store.db.selectFrom('audit').selectAll().where('action', '=', action).execute();
    return rows.map((row) => [row.user_name, row.object_name, JSON.parse(row.change_json)]);
  };
  const shownTo = async (caller: Caller) =>
    (await (await domains(caller)).listDomains({})).domains.map(({ name }) => name);

  it('are brought where the site allows it, and serve nothing before they are proven', async () => {
    const web1 = await sharedContainer(bench);
    await bench.store.db.updateTable('sites').set({ custom_domains: 0 }).execute();
    await expect(bring(owner)).rejects.toThrow('does not take domains that people bring');
    await bench.store.db.updateTable('sites').set({ custom_domains: 1 }).execute();
    const domain = await bring(owner);
    expect(domain).toMatchObject({ owner: 'olga', verified: false, access: DomainAccess.GRANTED });
    expect(domain?.proof?.txtName).toBe(`_berth.${NAME}`);
    expect(domain?.proof?.httpUrl).toBe(`http://${NAME}/.well-known/berth-verification`);
    expect(domain?.conditions.map(({ kind }) => kind)).toEqual(['domain_not_verified']);
    await expect(serve(owner, web1.id, `a.${NAME}`)).rejects.toThrow('is not proven yet');
    const missed = await check(owner, NAME);
    expect(missed?.proof?.lastError).toContain('there is none');
    verdict = { proven: true, by: 'http', reason: '' };
    expect(await check(owner, NAME)).toMatchObject({ verified: true, conditions: [] });
    expect(looked).toEqual(Array(2).fill(`${NAME} ${domain?.proof?.txtValue}`));
    await serve(owner, web1.id, `a.${NAME}`);
    await serve(owner, web1.id, NAME);
    expect(await audited('domain.prove')).toEqual([['olga', NAME, { by: 'http' }]]);
  });

  it('are looked for no more often than every ten seconds', async () => {
    await bring(owner);
    await check(owner, NAME);
    const again = (await domains(owner)).verifyDomain({ domain: NAME });
    await expect(again).rejects.toMatchObject({ code: Code.ResourceExhausted });
    expect(looked).toHaveLength(1);
  });

  it('belong to whoever proves them first, however many try', async () => {
    const [first, second] = [await bring(owner), await bring(sam)];
    expect(first?.proof?.txtValue).not.toBe(second?.proof?.txtValue);
    await expect(bring(owner)).rejects.toThrow('have begun to prove');
    expect((await (await domains(sam)).getDomain({ domain: NAME })).domain?.id).toBe(second?.id);
    await expect((await domains(sam)).getDomain({ domain: first?.id ?? '' })).rejects.toThrow('There is no domain');
    verdict = { proven: true, by: 'txt', reason: '' };
    expect((await check(sam, NAME))?.verified).toBe(true);
    await expect(check(owner, first?.id ?? '')).rejects.toMatchObject({ code: Code.AlreadyExists });
    await expect(bring(administrator)).rejects.toThrow('is taken');
  });

  it('are forgotten after a week unless they are proven', async () => {
    await bring(owner);
    await proven(sam, 'kept.example.org');
    await bench.clock.advance(8 * DAY);
    await pruneExpired(bench.store);
    const rows = await bench.store.db.selectFrom('domains').select('name').orderBy('name').execute();
    expect(rows.map(({ name }) => name)).toEqual(['apps.lab', 'kept.example.org']);
  });

  it('never lie under, above or upon what is somebody else’s', async () => {
    const web1 = await sharedContainer(bench);
    await proven(owner, 'blog.example.org');
    await expect(bring(sam, 'x.apps.lab')).rejects.toThrow('lies under the domain "apps.lab"');
    await expect(bring(sam, 'x.blog.example.org')).rejects.toThrow('lies under');
    await expect(bring(sam, 'example.org')).rejects.toThrow('Somebody else has a domain under');
    await expect(bring(sam, 'apps.lab')).rejects.toThrow('is taken');
    await expect(bring(sam, 'org')).rejects.toMatchObject({ code: Code.InvalidArgument });
    await bring(owner, 'deep.blog.example.org');
    await bring(administrator, 'example.org');
    await serve(owner, web1.id, 'www.blog.example.org');
    await expect(bring(owner, 'www.blog.example.org')).rejects.toThrow('is served already');
    const site = { id: bench.site.siteId, externalDomains: ['apps.lab', 'blog.example.org'] };
    const sites = await bench.client(SitesService, administrator);
    const change = sites.updateSite({ site, updateMask: { paths: ['external_domains'] } });
    await expect(change).rejects.toMatchObject({ code: Code.AlreadyExists });
  });

  it('are used by those they were given to, through groups within groups too, until they are taken back', async () => {
    const web1 = await sharedContainer(bench);
    const ina = await addPerson(bench, 'ina');
    await bench.store.transaction(async (tx) => {
      const [outer, inner] = [newId('grp', tx.now), newId('grp', tx.now)];
      for (const [id, name] of [[outer, 'staff'] as const, [inner, 'tutors'] as const]) {
        await insertGroup(tx, { id, name, description: '', administrator: 0, built_in: 0 });
      }
      await addGroupMember(tx, outer, { groupId: inner });
      await addGroupMember(tx, inner, { userId: owner.userId });
    });
    await proven(sam);
    await expect(serve(owner, web1.id, `a.${NAME}`)).rejects.toThrow(/must be .*under an external domain of site lab/);
    expect(await shownTo(owner)).toEqual(['apps.lab']);
    const principal = { case: 'group' as const, value: 'staff' };
    await (await domains(sam)).grantDomain({ domain: NAME, grant: { principal } });
    await (await domains(sam)).grantDomain({ domain: NAME, grant: { principal } });
    expect((await standingOf(bench.store.db, owner.userId)).groupIds).toHaveLength(3);
    expect(await shownTo(owner)).toEqual(['apps.lab', NAME]);
    expect(await shownTo(ina)).toEqual(['apps.lab']);
    await serve(owner, web1.id, `a.${NAME}`);
    const seen = await (await domains(owner)).getDomain({ domain: NAME });
    expect(seen.domain).toMatchObject({ grants: [], conditions: [] });
    const theft = (await domains(owner)).deleteDomain({ domain: NAME });
    await expect(theft).rejects.toMatchObject({ code: Code.PermissionDenied });
    await (await domains(sam)).withdrawDomain({ domain: NAME, grant: { principal } });
    await expect(serve(owner, web1.id, `b.${NAME}`)).rejects.toMatchObject({ code: Code.InvalidArgument });
    const again = (await domains(sam)).withdrawDomain({ domain: NAME, grant: { principal } });
    await expect(again).rejects.toMatchObject({ code: Code.NotFound });
    expect(await audited('domain.grant')).toEqual([['sam', NAME, { group: 'staff' }]]);
  });

  it('stay while something is served under them', async () => {
    const web1 = await sharedContainer(bench);
    await proven(owner);
    const { service } = await serve(owner, web1.id, `a.${NAME}`);
    const remove = async () => (await domains(owner)).deleteDomain({ domain: NAME });
    await expect(remove()).rejects.toThrow(`still serves a.${NAME}`);
    await (await bench.client(ServicesService, owner)).deleteService({ service: service?.id ?? '' });
    await remove();
    expect(await shownTo(owner)).toEqual(['apps.lab']);
  });

  it('take settings that agree with one another only, and some from administrators of the site only', async () => {
    await proven(owner);
    const change = async (caller: Caller, fields: object) => {
      const paths = Object.keys(fields).map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
      return (await domains(caller)).updateDomain({ domain: { name: NAME, ...fields }, updateMask: { paths } });
    };
    const acme = { certificateSource: CertificateSource.ACME };
    await expect(change(owner, acme)).rejects.toThrow('is needed to order certificates');
    await expect(change(owner, { hstsPreload: true })).rejects.toThrow('wants the names below');
    await expect(change(owner, { oauth2ProxyUrl: 'https://login.example.org' })).rejects.toThrow('administrators');
    await expect(change(owner, { access: DomainAccess.SHARED })).rejects.toThrow("is its owner's to give");
    await bench.store.db.updateTable('domains').set({ acme_account_id: null }).execute();
    const perName = { certificateScope: CertificateScope.PER_NAME, certificateSource: CertificateSource.INTERNAL };
    expect((await change(owner, perName)).domain).toMatchObject(perName);
    const { domain } = await change(administrator, { oauth2ProxyUrl: 'https://login.example.org' });
    expect(domain?.oauth2ProxyUrl).toBe('https://login.example.org');
    // What an administrator has set does not stand in the way of the owner's own changes.
    await change(owner, { hstsMaxAgeSeconds: 60 });
  });

  it('are left to their site by whoever goes, and go on being served', async () => {
    const web1 = await sharedContainer(bench);
    await proven(sam);
    await bring(sam, 'never.example.org');
    const principal = { case: 'user' as const, value: 'olga' };
    await (await domains(sam)).grantDomain({ domain: NAME, grant: { principal } });
    await serve(owner, web1.id, `a.${NAME}`);
    await (await bench.client(UsersService, administrator)).deleteUser({ user: 'sam' });
    const { domain } = await (await domains(owner)).getDomain({ domain: NAME });
    expect(domain).toMatchObject({ owner: '', access: DomainAccess.GRANTED, verified: true });
    await expect((await domains(administrator)).getDomain({ domain: 'never.example.org' })).rejects.toThrow(
      'no domain',
    );
  });

  it('are watched: each change is told at once', async () => {
    const domain = await bring(owner);
    const leave = new AbortController();
    const watch = (await domains(owner)).watchDomain({ domain: domain?.id ?? '' }, { signal: leave.signal });
    const events = watch[Symbol.asyncIterator]();
    expect((await events.next()).value?.domain?.verified).toBe(false);
    const next = events.next();
    verdict = { proven: true, by: 'txt', reason: '' };
    await (await domains(owner)).verifyDomain({ domain: domain?.id ?? '' });
    expect((await next).value?.domain?.verified).toBe(true);
    leave.abort();
  });
});
