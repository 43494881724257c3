/** `berth doctor` against a control plane that runs, and with faults put in. */
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readConfig } from '@berth/control-plane/config.ts';
import { diagnose } from '@berth/control-plane/doctor/check.ts';
import { clientChecks } from '@berth/control-plane/doctor/client-checks.ts';
import { hostChecks } from '@berth/control-plane/doctor/host-checks.ts';
import { type HostView, thisHost } from '@berth/control-plane/doctor/host-view.ts';
import { loadMasterKey } from '@berth/control-plane/master-key.ts';
import { seedSite } from '@berth/control-plane/operations/testing/seed.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import type { Store } from '@berth/control-plane/store/store.ts';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoneControlPlane, startLoneControlPlane } from '../lab/lone-control-plane.ts';
import { freePort } from '../support/free-port.ts';

const DAY_MS = 86_400_000;
const run = promisify(execFile);

let alone: LoneControlPlane;
let store: Store;
let environment: Record<string, string>;

beforeAll(async () => {
  const own = {
    BERTH_AGENT_LISTEN: `127.0.0.1:${await freePort()}`,
    BERTH_LDAP_LISTEN: `127.0.0.1:${await freePort()}`,
  };
  alone = await startLoneControlPlane(own);
  environment = {
    ...own,
    BERTH_STATE_DIR: alone.directory,
    BERTH_LISTEN: new URL(alone.api.url).host,
    BERTH_SERVER_NAMES: '127.0.0.1,localhost',
  };
  const masterKey = loadMasterKey(join(alone.directory, 'master.key'));
  store = await openStore({ url: `sqlite:${join(alone.directory, 'berth.db')}`, masterKey });
  await seedSite(store);
  const heard = { last_seen_at: Date.now(), version: '0.1.0' };
  await store.db.updateTable('agents').set(heard).execute();
});

afterAll(async () => {
  await store?.close();
  await alone?.destroy();
});

async function look(change: Partial<HostView> = {}, env: Record<string, string> = {}): Promise<Finding[]> {
  const view = thisHost(readConfig({ ...environment, ...env }));
  const { checks, close } = await hostChecks({
    ...view,
    services: {
      available: () => true,
      restart: () => Promise.reject(new Error('a doctor starts nothing')),
      stateOf: async () => ({ load: 'loaded', active: 'active', enabled: 'enabled', restarts: 0 }),
    },
    synchronised: async () => true,
    room: async () => ({ bsize: 4_096, blocks: 1e7, bavail: 5e6, files: 1e6, ffree: 5e5 }),
    memory: async () => ({ available: 2 ** 30, total: 2 ** 31 }),
    ...change,
  });
  try {
    return await diagnose(checks);
  } finally {
    await close();
  }
}

const faultsOf = (findings: Finding[]) => findings.filter(({ state }) => state === 'fault');
const told = (findings: Finding[]) => faultsOf(findings).map(({ check, message }) => `${check}: ${message}`);

describe("on the control plane's host", () => {
  it('finds nothing wrong where nothing is', async () => {
    const findings = await look();
    expect(faultsOf(findings)).toEqual([]);
    const checks = new Set(findings.map(({ check }) => check));
    for (const check of ['units', 'ports', 'certificate', 'ldap', 'database', 'key', 'clock', 'authority', 'agents']) {
      expect(checks).toContain(check);
    }
  });

  it('finds what has ended once the clock says so', async () => {
    const findings = told(await look({ now: () => Date.now() + 40 * DAY_MS }));
    expect(findings).toContainEqual(expect.stringMatching(/^certificate: the server's ended 10 days ago/));
    expect(findings).toContainEqual(
      expect.stringMatching(/^agents: the certificate of nginx1 \(nginx\) ended 39 days/),
    );
    expect(findings).toContainEqual(expect.stringMatching(/^agents: nginx1 \(nginx\) was last heard 40 days ago/));
  });

  it('finds a clock that runs behind', async () => {
    const findings = told(await look({ now: () => Date.now() - DAY_MS }));
    expect(findings).toContainEqual(expect.stringMatching(/^clock: it is 24 hours behind the newest change/));
    expect(findings).toContainEqual(expect.stringMatching(/^authority: .* this clock is behind/));
  });

  it('finds an agent that is away', async () => {
    await store.db
      .updateTable('agents')
      .set({ last_seen_at: Date.now() - DAY_MS })
      .where('name', '=', 'dnsmasq1')
      .execute();
    expect(told(await look())).toEqual([
      'agents: dnsmasq1 (dnsmasq) was last heard 24 hours ago; its host goes on serving what it has',
    ]);
    await store.db.updateTable('agents').set({ last_seen_at: Date.now() }).execute();
  });

  it('finds a full disk, a port that nobody listens on, a name that is not covered and another key', async () => {
    const key = join(alone.directory, 'another.key');
    await writeFile(key, Buffer.alloc(32, 9).toString('base64'), { mode: 0o600 });
    const env = {
      BERTH_AGENT_LISTEN: `127.0.0.1:${await freePort()}`,
      BERTH_SERVER_NAMES: 'localhost,new.localhost',
      BERTH_MASTER_KEY_FILE: key,
    };
    const full = async () => ({ bsize: 4_096, blocks: 1e7, bavail: 10, files: 1e6, ffree: 5e5 });
    const findings = told(await look({ room: full, resolve: async () => ['127.0.0.1'] }, env));
    await rm(key);
    expect(findings).toHaveLength(4);
    expect(findings).toContainEqual(expect.stringMatching(/^ports: agents on .*nothing answers .*ECONNREFUSED/));
    expect(findings).toContainEqual(expect.stringMatching(/^certificate: .*does not cover new\.localhost/));
    expect(findings).toContainEqual(expect.stringMatching(/^key: .*is not the one of this database/));
    expect(findings).toContainEqual(expect.stringMatching(/^disk: 40\.0 KiB of .* free/));
  });

  it('goes on where there is no database', async () => {
    const findings = await look({}, { BERTH_DATABASE_URL: 'sqlite:/nowhere/berth.db' });
    expect(told(findings)).toEqual(['database: there is no file /nowhere/berth.db']);
  });
});

describe('from afar', () => {
  const view = (change: object = {}) => {
    const { url } = alone.api;
    return { url, ca: undefined, transport: alone.transport, now: Date.now, ...change };
  };

  it('says by command and exit code what it found', async () => {
    const env = { PATH: process.env.PATH, HOME: alone.directory, BERTH_URL: alone.api.url, BERTH_CA: alone.api.caFile };
    const berth = (token: string) =>
      run('control-plane/cli/berth', ['doctor', '-o', 'json'], { env: { ...env, BERTH_TOKEN: token } });
    const { stdout } = await berth(alone.api.token);
    expect(faultsOf(JSON.parse(stdout))).toEqual([]);
    expect(JSON.parse(stdout)).toContainEqual({ check: 'token', state: 'ok', message: 'signed in as admin' });
    await expect(berth('bes_wrong')).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('does not know who asks'),
    });
  });

  it('finds a server that is not there, not trusted, or at another time', async () => {
    const unreachable = `https://127.0.0.1:${await freePort()}`;
    expect(told(await diagnose(clientChecks(view({ url: unreachable }))))).toEqual([
      expect.stringMatching(/^server: .* cannot be reached: .*ECONNREFUSED/),
    ]);
    expect(told(await diagnose(clientChecks(view())))).toEqual([
      expect.stringMatching(/^certificate: the server's is not trusted/),
    ]);
  });
});
