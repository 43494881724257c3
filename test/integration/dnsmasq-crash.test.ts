import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLabNetwork, type LabNetwork } from '../lab/net/lab-network.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleDriver, startDnsmasqRole } from './role-driver.ts';

// kill -9 of the agent at the moments that matter: whatever it was doing, the files are the old set or the new one,
// dnsmasq answers throughout, and the next agent brings it where it should be.

const NAMES = 500;

let network: LabNetwork;
let root: string;

beforeAll(async () => {
  network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
  root = join(network.directory, 'dnsmasq');
  await mkdir(root);
});

afterAll(() => network.destroy());

const start = () =>
  startDnsmasqRole(network.hosts.dns, { rootDir: root, interfaces: ['lan0'], manage: true, user: 'root' });

/** Every name at one address, so that a mixture would show. */
const setAt = (address: string) =>
  Array.from({ length: NAMES }, (_, n) =>
    makeResource(`c${n}`, { case: 'nameRecord', value: { fqdn: `c${n}.lab.internal`, address } }),
  );

async function answers(name: string): Promise<string> {
  const { stdout } = await network.hosts.dns.run('dig', ['@127.0.0.1', '+short', '+time=2', '+tries=1', name, 'A']);
  return stdout.trim();
}

/** The addresses in the live hosts file, without the stamp. */
async function liveAddresses(): Promise<string[]> {
  const lines = (await readFile(join(root, 'current', 'hosts'), 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(NAMES + 1);
  return [...new Set(lines.slice(1).map((line) => line.split(' ')[0] ?? ''))];
}

const releases = () => readdir(join(root, 'releases'));
const live = () => readlink(join(root, 'current'));
const journal = () => readFile(join(root, 'release-journal.json'), 'utf8');

/** The moments: each resolves when it has come. */
const moments = {
  'a release is being staged': (before: State) => async () => (await releases()).length > before.releases.length,
  'the journal is open': () => async () => (await journal()).includes('"swapping"'),
  'the link has moved': (before: State) => async () => (await live()) !== before.live,
  'the journal is closed': (before: State) => async () => {
    return (await live()) !== before.live && (await journal()).includes('"confirmed"');
  },
};
type State = { releases: string[]; live: string };

it.each(Object.entries(moments))('survives a kill when %s', async (_, moment) => {
  let role: RoleDriver = await start();
  expect(await role.apply(1, setAt('10.64.0.1'))).toMatchObject({ status: 'running' });
  const before: State = { releases: await releases(), live: await live() };
  const applying = role.apply(2, setAt('10.64.0.2'));
  await Promise.race([waitFor(moment(before), { intervalMs: 1, what: 'the moment' }), applying]);
  await role.stop('SIGKILL');

  const [address, ...others] = await liveAddresses();
  expect(['10.64.0.1', '10.64.0.2']).toContain(address);
  expect(others).toEqual([]);
  expect(['10.64.0.1', '10.64.0.2']).toContain(await answers('c7.lab.internal'));

  role = await start();
  expect(await liveAddresses()).toHaveLength(1);
  expect(await role.apply(2, setAt('10.64.0.2'))).toMatchObject({ status: 'running', errors: [] });
  expect(await answers('c7.lab.internal')).toBe('10.64.0.2');
  expect((await releases()).length).toBeLessThanOrEqual(2);
  await role.stop();
});
