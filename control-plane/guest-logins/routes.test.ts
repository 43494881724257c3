import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { GuestLoginsService, LoginService } from '@berth/proto/api/v1/guest_logins_pb.js';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiBench, openApiBench } from '../api/testing/api-bench.ts';
import { clientAddressBehind } from '../client-address.ts';
import { containerRequest } from '../operations/testing/requests.ts';
import { bindSecretFits, containerBind } from '../store/container-binds.ts';
import { withGuestRoutes } from './routes.ts';

let bench: ApiBench;
let container: string;
/** The environment its guest was given when it was made. */
const environment = new Map<string, string>();
let guests: ReturnType<typeof withGuestRoutes>;

beforeAll(async () => {
  bench = await openApiBench();
  bench.fleet.start();
  bench.fleet.script((task) => {
    if (task.case === 'configureEnvironment') for (const v of task.value.variables) environment.set(v.name, v.value);
    return undefined;
  });
  await bench.engine().start();
  const client = await bench.client(ContainersService, bench.site.owner);
  const made = await client.createContainer(containerRequest('web1'));
  container = made.container?.id ?? '';
  await bench.ended(made.operation?.id ?? '');
  guests = withGuestRoutes(bench.deps, clientAddressBehind(['10.0.0.5']), { fetch: () => new Response('a page') });
});
afterAll(() => bench.close());

const post = async (path: string, settings: Record<string, string>) => {
  const body = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  const response = await guests.fetch(new Request(`https://b/guest/${path}`, { method: 'POST', body: body.join('') }));
  const text = await response.text();
  const lines = text.split('\n').filter(Boolean);
  return { status: response.status, text, said: Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2))) };
};
const works = async (secret: string) => {
  const row = await containerBind(bench.store.db, container);
  return row !== undefined && bindSecretFits(row, secret, bench.clock.now());
};
const logins = () => bench.client(GuestLoginsService, bench.site.owner);
const tokenIn = (command = '') => /BERTH_TOKEN='([^']+)'/.exec(command)?.[1] ?? '';

it('gives a container that is made its settings, with a secret that works and lies nowhere', async () => {
  expect([...environment.keys()].sort()).toEqual([
    ...['BERTH_CONTAINER', 'BERTH_LDAP_BASE', 'BERTH_LDAP_BIND_DN', 'BERTH_LDAP_CA'],
    ...['BERTH_LDAP_SECRET', 'BERTH_LDAP_URI', 'BERTH_URL'],
  ]);
  expect(environment.get('BERTH_LDAP_BIND_DN')).toBe(`cn=${container},ou=services,dc=berth`);
  const secret = environment.get('BERTH_LDAP_SECRET') ?? 'none';
  expect(await works(secret)).toBe(true);
  for (const table of ['commands', 'operations', 'operation_logs', 'audit', 'container_binds'] as const) {
    const rows = await bench.store.db.selectFrom(table).selectAll().execute();
    const text = JSON.stringify(rows, (_key, value) => (value?.type === 'Buffer' ? String(Buffer.from(value)) : value));
    expect(text, table).not.toContain(secret);
  }
});

it('changes the secret on demand, keeps the old one until the new one is confirmed, and audits it', async () => {
  const shown = { CONTAINER: container, SECRET: environment.get('BERTH_LDAP_SECRET') ?? '' };
  expect((await post('sync', { ...shown, ROTATE: 'due' })).said).not.toHaveProperty('SECRET');
  const { said } = await post('sync', { ...shown, ROTATE: 'now' });
  expect(said).toMatchObject({ LDAP_URI: 'ldaps://berth.example:636', LDAP_BASE: 'dc=berth', CONTAINER: container });
  expect([await works(shown.SECRET), await works(said.SECRET)]).toEqual([true, true]);
  expect(await post('confirm', { CONTAINER: container, SECRET: said.SECRET })).toMatchObject({ status: 200 });
  await bench.clock.advance(10 * 60_000);
  expect(await post('sync', shown)).toMatchObject({
    status: 401,
    text: expect.stringContaining('ask for a new command'),
  });
  expect((await post('sync', { CONTAINER: container, SECRET: said.SECRET })).said).not.toHaveProperty('SECRET');
  const long = bench.clock.now() - 31 * 24 * 3_600_000;
  await bench.store.db.updateTable('container_binds').set({ rotated_at: long }).execute();
  expect((await post('sync', { CONTAINER: container, SECRET: said.SECRET })).said).toHaveProperty('SECRET');
  const rows = await bench.store.db.selectFrom('audit').select('action').where('object_id', '=', container).execute();
  expect(rows.filter(({ action }) => action === 'container.logins.rotate')).toHaveLength(2);
});

it('gives a set-up command whose token works once', async () => {
  const { setup } = await (await logins()).createSetupCommand({ container, loginService: LoginService.NSLCD });
  expect(setup?.caSha256).toBe('ab'.repeat(32));
  const TOKEN = tokenIn(setup?.command);
  const { said } = await post('redeem', { TOKEN });
  expect(said).toMatchObject({ URL: 'https://berth.example:8443', BIND_DN: `cn=${container},ou=services,dc=berth` });
  expect(await works(said.SECRET)).toBe(true);
  expect(await post('redeem', { TOKEN })).toMatchObject({ status: 401 });
  expect(await post('redeem', { TOKEN: '' })).toMatchObject({ status: 401 });
  const shown = await (await logins()).getGuestLogins({ container });
  expect(shown.logins).toMatchObject({ offered: true, baseDn: 'dc=berth', ldapUris: ['ldaps://berth.example:636'] });
});

it('notes who redeemed a token, also behind a proxy that is trusted', async () => {
  const { setup } = await (await logins()).createSetupCommand({ container });
  const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' };
  const body = `TOKEN=${tokenIn(setup?.command)}\n`;
  const request = new Request('https://b/guest/redeem', { method: 'POST', body, headers });
  const from = { incoming: { socket: { remoteAddress: '::ffff:10.0.0.5' } } };
  expect((await guests.fetch(request, from)).status).toBe(200);
  const rows = await bench.store.db.selectFrom('audit').select(['action', 'address']).execute();
  expect(rows).toContainEqual({ action: 'container.logins.set-up', address: '203.0.113.9' });
});

it('lets an owner make the secret worthless at once', async () => {
  const first = await (await logins()).createSetupCommand({ container });
  const { SECRET: old } = (await post('redeem', { TOKEN: tokenIn(first.setup?.command) })).said;
  const { setup } = await (await logins()).rotateBindSecret({ container });
  expect(await works(old)).toBe(false);
  const { SECRET: next } = (await post('redeem', { TOKEN: tokenIn(setup?.command) })).said;
  expect(await works(next)).toBe(true);
  const stranger = await bench.client(GuestLoginsService, bench.site.stranger);
  await expect(stranger.rotateBindSecret({ container })).rejects.toMatchObject({ code: Code.NotFound });
});

it('takes no more than a little text, and leaves every other path to the pages', async () => {
  expect(await post('redeem', { TOKEN: 'x'.repeat(5_000) })).toMatchObject({ status: 400 });
  const page = await guests.fetch(new Request('https://b/guests'));
  expect(await page.text()).toBe('a page');
  const script = await guests.fetch(new Request('https://b/guest/setup.sh'));
  expect(script.headers.get('cache-control')).toBe('no-store');
  expect(await script.text()).toMatch(/^#!\/bin\/sh\n[\s\S]*\nmain "\$@"\n$/);
});
