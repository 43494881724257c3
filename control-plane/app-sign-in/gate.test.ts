import { AppSignInService } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { Code } from '@connectrpc/connect';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiBench, openApiBench } from '../api/testing/api-bench.ts';
import type { Caller } from '../app/caller.ts';
import { containerRequest } from '../operations/testing/requests.ts';
import { deleteMember, putMember } from '../store/container-members.ts';
import { addGroupMember } from '../store/groups.ts';
import { DEFAULT_OPTIONS, type SignInOptions, serviceOptionsColumn } from '../store/service-options.ts';
import { endSessions } from '../store/sessions.ts';
import { updateUser } from '../store/users.ts';
import { withAppSignInRoutes } from './routes.ts';

const HOST = 'web1.apps.lab';
const HOUR = 3_600_000;

/** What a browser at one app's host keeps. */
interface Browser {
  host: string;
  gate: string;
  state: string;
}

describe('the gate before apps', () => {
  let bench: ApiBench;
  let container: string;
  let service: string;
  let app: ReturnType<typeof withAppSignInRoutes>;

  beforeEach(async () => {
    bench = await openApiBench();
    bench.fleet.start();
    const engine = bench.engine();
    await engine.start();
    const client = await bench.client(ContainersService, bench.site.owner);
    const made = await client.createContainer(containerRequest('web1'));
    container = made.container?.id ?? '';
    service = made.container?.services.find(({ exposure }) => exposure.case === 'http')?.id ?? '';
    await bench.ended(made.operation?.id ?? '');
    await engine.stop();
    await bench.fleet.stop();
    await demand({ require: 'members' });
    app = withAppSignInRoutes(bench.deps, pino({ level: 'silent' }), { fetch: () => new Response('a page') });
  });
  afterEach(() => bench.close());

  const demand = (signIn: Partial<SignInOptions>) =>
    bench.store.db
      .updateTable('services')
      .set({ options: serviceOptionsColumn({ ...DEFAULT_OPTIONS, signIn: { ...DEFAULT_OPTIONS.signIn, ...signIn } }) })
      .where('id', '=', service)
      .execute();

  /** As nginx asks. */
  async function ask(path: string, browser: Browser, extra: Record<string, string> = {}, method = 'GET') {
    const said = { 'x-berth-host': browser.host, 'x-berth-service': service, 'x-berth-uri': '/a?b=1' };
    const cookies = { 'x-berth-gate': browser.gate, 'x-berth-state': browser.state };
    const headers = { ...said, 'x-berth-navigates': '1', ...cookies, ...extra };
    return app.fetch(new Request(`https://berth.example/app-sign-in/${path}`, { headers, method }));
  }

  const newBrowser = (host = HOST): Browser => ({ host, gate: '', state: '' });
  const cookieOf = (header: string | null) =>
    /^__Host-[\w-]+=([^;]*); Path=\/; Secure; HttpOnly/.exec(header ?? '')?.[1] ?? '';

  /** The way to Berth, as the browser is sent there; it keeps the state. */
  async function setOut(browser: Browser) {
    const response = await ask('check', browser);
    expect(response.status).toBe(401);
    browser.state = cookieOf(response.headers.get('x-berth-cookie'));
    const query = new URL(response.headers.get('x-berth-location') ?? '').searchParams;
    return { host: query.get('host') ?? '', path: query.get('path') ?? '', state: query.get('state') ?? '' };
  }

  /** The way from Berth back to the app. */
  async function begin(caller: Caller, wanted: { host: string; path: string; state: string }) {
    const { location } = await (await bench.client(AppSignInService, caller)).beginAppSignIn(wanted);
    return new URL(location);
  }

  const comeBack = (browser: Browser, to: URL) => ask(`gate/sign-in${to.search}`, browser);

  async function signIn(caller: Caller, browser = newBrowser()): Promise<Browser> {
    const response = await comeBack(browser, await begin(caller, await setOut(browser)));
    expect(response.status).toBe(303);
    return { ...browser, gate: cookieOf(response.headers.get('set-cookie')) };
  }

  const statusOf = async (browser: Browser) => (await ask('check', browser)).status;
  const owner = () => bench.site.owner;
  const stranger = () => bench.site.stranger;

  it('leads in whoever may come, back to where he wanted, and tells the app who he is', async () => {
    const browser = newBrowser();
    const wanted = await setOut(browser);
    expect(wanted).toEqual({ host: HOST, path: '/a?b=1', state: browser.state });
    const to = await begin(owner(), wanted);
    expect(to.origin + to.pathname).toBe(`https://${HOST}/.berth/sign-in`);
    const response = await comeBack(browser, to);
    expect(response.headers.get('location')).toBe('/a?b=1');
    const gate = cookieOf(response.headers.get('set-cookie'));
    const checked = await ask('check', { ...browser, gate });
    expect(checked.status).toBe(204);
    expect(checked.headers.get('x-user')).toBe(owner().username);
    expect(checked.headers.get('x-preferred-username')).toBe(owner().username);
    expect(checked.headers.get('x-groups')).toBe('ldapusers');
    expect(checked.headers.get('x-email')).toBeNull();
  });

  it('tells an address once it is confirmed, and writes names so that no header breaks', async () => {
    await bench.store.transaction(async (tx) => {
      const group = { id: 'grp-odd', name: 'R&D, all 100% für', gid_number: 2_500, description: '', administrator: 0 };
      await tx.db
        .insertInto('groups')
        .values({ ...group, built_in: 0, created_at: 1, updated_at: 1 })
        .execute();
      await addGroupMember(tx, 'grp-odd', { userId: owner().userId });
      await updateUser(tx, owner().userId, { email: 'o@harbour.example', email_verified: 1 });
    });
    const { headers } = await ask('check', await signIn(owner()));
    expect(headers.get('x-groups')).toBe('R&D%2C all 100%25 f%C3%BCr,ldapusers');
    expect(headers.get('x-email')).toBe('o@harbour.example');
  });

  it('lets in whom the requirement names, and nobody else', async () => {
    await expect(signIn(stranger())).rejects.toMatchObject({ code: Code.PermissionDenied });
    await demand({ require: 'groups', groups: ['grp-outer'] });
    await bench.store.transaction(async (tx) => {
      const common = { description: '', administrator: 0, built_in: 0, created_at: 1, updated_at: 1 };
      for (const [id, gid_number] of [
        ['grp-outer', 2_501],
        ['grp-inner', 2_502],
      ] as const) {
        await tx.db
          .insertInto('groups')
          .values({ id, name: id, gid_number, ...common })
          .execute();
      }
      await addGroupMember(tx, 'grp-outer', { groupId: 'grp-inner' });
      await addGroupMember(tx, 'grp-inner', { userId: stranger().userId });
    });
    const within = await signIn(stranger());
    expect(await statusOf(within)).toBe(204);
    expect(await statusOf(await signIn(bench.site.administrator))).toBe(204);
    await demand({ require: 'members' });
    expect(await statusOf(within)).toBe(403);
    await demand({ require: 'anybody' });
    expect(await statusOf(within)).toBe(204);
    await demand({ require: 'nobody' });
    expect(await statusOf(within)).toBe(204);
  });

  it('shuts with the commit that withdraws access, whatever it was that let in', async () => {
    const { store } = bench;
    await store.transaction((tx) =>
      putMember(tx, container, { userId: stranger().userId }, { role: 'viewer', by: owner().userId }),
    );
    const browser = await signIn(stranger());
    expect(await statusOf(browser)).toBe(204);
    await store.transaction((tx) => deleteMember(tx, container, { userId: stranger().userId }));
    expect(await statusOf(browser)).toBe(403);
    const site = { id: 'adm-1', site_id: bench.site.siteId, user_id: stranger().userId, group_id: null, created_at: 1 };
    await store.db.insertInto('site_administrators').values(site).execute();
    expect(await statusOf(browser)).toBe(204);
    await store.db.deleteFrom('site_administrators').where('id', '=', 'adm-1').execute();
    expect(await statusOf(browser)).toBe(403);
    const own = await signIn(owner());
    await store.transaction((tx) => updateUser(tx, owner().userId, { status: 'suspended' }));
    expect(await statusOf(own)).toBe(401);
    await store.transaction((tx) => updateUser(tx, owner().userId, { status: 'active' }));
    expect(await statusOf(own)).toBe(204);
    await store.transaction((tx) => endSessions(tx, owner().userId));
    expect(await statusOf(own)).toBe(401);
    expect(
      await store.db.selectFrom('app_sessions').select('id').where('user_id', '=', owner().userId).execute(),
    ).toEqual([]);
  });

  it('renews a cookie that is used, and ends one that is not', async () => {
    const browser = await signIn(owner());
    expect((await ask('check', browser)).headers.get('x-berth-cookie')).toBeNull();
    await bench.clock.advance(HOUR / 2);
    const renewed = cookieOf((await ask('check', browser)).headers.get('x-berth-cookie'));
    await bench.clock.advance(0.75 * HOUR);
    expect(await statusOf(browser)).toBe(401);
    expect(await statusOf({ ...browser, gate: renewed })).toBe(204);
  });

  it('takes no cookie that is forged, another host’s, from the future or changed in any place', async () => {
    const browser = await signIn(owner());
    const [id = '', at = '', seal = ''] = browser.gate.split('.');
    const other = `${seal.startsWith('A') ? 'B' : 'A'}${seal.slice(1)}`;
    for (const gate of [
      `${id}.${at}.${other}`,
      `${id}.${Number(at) + 60}.${seal}`,
      `${id}x.${at}.${seal}`,
      `${id}.${at}.`,
      'x',
      '..',
    ]) {
      expect(await statusOf({ ...browser, gate }), gate).toBe(401);
    }
    expect(await statusOf({ ...browser, host: 'web2.apps.lab' })).toBe(401);
  });

  it('takes a code once, in time, at its host, from the browser that set out', async () => {
    const browser = newBrowser();
    const wanted = await setOut(browser);
    const refused = async (from: Browser, to: URL) => {
      const response = await comeBack(from, to);
      expect(response.status).toBe(400);
      expect(response.headers.get('set-cookie')).toBeNull();
    };
    await refused({ ...browser, state: '' }, await begin(owner(), wanted));
    await refused({ ...browser, state: 'B'.repeat(22) }, await begin(owner(), wanted));
    await refused({ ...browser, host: 'web2.apps.lab' }, await begin(owner(), wanted));
    const late = await begin(owner(), wanted);
    await bench.clock.advance(60_000);
    await refused(browser, late);
    const burnt = await begin(owner(), wanted);
    await refused({ ...browser, state: 'B'.repeat(22) }, burnt);
    await refused(browser, burnt);
    const good = await begin(owner(), wanted);
    expect((await comeBack(browser, good)).status).toBe(303);
    await refused(browser, good);
    const ended = await begin(owner(), wanted);
    await bench.store.transaction((tx) => endSessions(tx, owner().userId));
    await refused(browser, ended);
  });

  it('leads to no other host, not by the path either', async () => {
    const browser = await signIn(owner());
    for (const path of ['//evil.example/', '/\\evil.example', 'https://evil.example/', '/a\nb']) {
      const to = new URL(`https://${HOST}/?${new URLSearchParams({ path, code: 'x' })}`);
      expect((await comeBack(browser, to)).headers.get('location')).toBe('/');
    }
    for (const path of ['//evil.example/', `/${'x'.repeat(5_000)}`]) {
      const { headers } = await ask('check', newBrowser(), { 'x-berth-uri': path });
      expect(new URL(headers.get('x-berth-location') ?? '').searchParams.get('path')).toBe('/');
    }
  });

  it('keeps a browser’s state, so that two tabs both get in', async () => {
    const browser = newBrowser();
    const first = await setOut(browser);
    const second = await setOut(browser);
    expect(second.state).toBe(first.state);
    for (const wanted of [first, second])
      expect((await comeBack(browser, await begin(owner(), wanted))).status).toBe(303);
  });

  it('sends programs nowhere', async () => {
    const response = await ask('check', newBrowser(), { 'x-berth-navigates': '' });
    expect([response.status, response.headers.get('x-berth-location')]).toEqual([401, null]);
    expect((await app.fetch(new Request('https://berth.example/app-sign-in/check'))).status).toBe(404);
  });

  it('signs out of one app at its own page, and of no other', async () => {
    const browser = await signIn(owner());
    expect(await (await ask('gate/sign-out', browser)).text()).toContain(owner().username);
    expect((await ask('gate/sign-out', browser, { 'x-berth-site': 'cross-site' }, 'POST')).status).toBe(403);
    expect((await ask('gate/sign-out', browser, { 'x-berth-site': 'same-site' }, 'POST')).status).toBe(403);
    const elsewhere = await signIn(owner());
    // A second sign-in of the same session at the same host takes the place of the first.
    expect([await statusOf(browser), await statusOf(elsewhere)]).toEqual([401, 204]);
    const gone = await ask('gate/sign-out', elsewhere, { 'x-berth-site': 'same-origin' }, 'POST');
    expect(gone.headers.get('set-cookie')).toContain('Max-Age=0');
    expect(await statusOf(elsewhere)).toBe(401);
  });

  it('lists the apps of all of one’s sessions, and only one’s own', async () => {
    await signIn(owner());
    const apps = async (caller: Caller) =>
      (await (await bench.client(AppSignInService, caller)).listOwnAppSignIns({})).apps.map(({ url }) => url);
    expect(await apps(owner())).toEqual([`https://${HOST}/`]);
    expect(await apps(stranger())).toEqual([]);
    await bench.clock.advance(8 * 24 * HOUR);
    await expect(apps(owner())).rejects.toMatchObject({ code: Code.Unauthenticated });
  });
});
