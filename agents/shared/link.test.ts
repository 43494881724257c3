import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent } from './agent.ts';
import { CommandJournal } from './command-journal.ts';
import { IdentityStore } from './identity.ts';
import { Ledger } from './ledger.ts';
import { Link } from './link.ts';
import { TestAuthority } from './testing/authority.ts';
import { FakeControlPlane } from './testing/fake-control-plane.ts';
import { FakeRole } from './testing/fake-role.ts';
import { FreezingProxy } from './testing/freezing-proxy.ts';
import { quiet } from './testing/logger.ts';
import { heldSet, nameRecord, snapshotOf } from './testing/resources.ts';

let dir: string;
let authority: TestAuthority;
let control: FakeControlPlane;
let role: FakeRole;
let agent: Agent;
let identities: IdentityStore;
let link: Link;
let running: Promise<void>;
let reasons: (string | undefined)[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-link-'));
  authority = await TestAuthority.create();
  reasons = [];
  control = new FakeControlPlane(authority);
  await control.start();
  identities = new IdentityStore(dir);
  await identities.write(await authority.identity(`127.0.0.1:${control.port}`));
  role = new FakeRole();
  agent = await newAgent();
  await agent.start();
});
afterEach(async () => {
  link.stop();
  await running;
  await agent.stop();
  control.stop();
  await rm(dir, { recursive: true, force: true });
});

async function newAgent(): Promise<Agent> {
  return new Agent({
    roles: [role],
    ledger: await Ledger.open(dir),
    journal: await CommandJournal.open(dir, systemClock),
    clock: systemClock,
    random: Math.random,
    log: quiet,
    instance: 'run-1',
    bootId: '',
    version: '0.0.0',
    stateDirOf: async () => dir,
    trust: (bundle) => link.trust(bundle),
  });
}

async function connect(): Promise<void> {
  const identity = await identities.read();
  if (!identity) throw new Error('no identity');
  const log = { ...quiet, info: () => {}, warn: (about: { reason?: string }) => void reasons.push(about.reason) };
  const keepalive = { intervalMs: 500, timeoutMs: 500 };
  link = new Link({ agent, identities, clock: systemClock, random: () => 0.1, log, keepalive }, identity);
  running = link.run();
}

const sessions = (count: number) => waitFor(() => control.streams.length >= count, { what: `session ${count}` });
const said = (kind: string) => control.received.filter((message) => message.case === kind);

describe('Link', () => {
  it('opens a session over mutual TLS and applies what is pushed', async () => {
    await connect();
    await sessions(1);
    control.say({ case: 'config', value: snapshotOf(heldSet(1n, 1n, [nameRecord('a')])) });
    await waitFor(() => said('configStatus').length === 2, { what: 'ACCEPTED and RUNNING' });
    expect(role.applied).toMatchObject([{ generation: 1n }]);
  });

  /** Runs a link to a control plane that is not there. @returns how long it waits after each try, milliseconds */
  async function tryInVain(clock: VirtualClock): Promise<number[]> {
    const waits: number[] = [];
    const identity = await authority.identity(`127.0.0.1:${control.port}`);
    const log = { ...quiet, info: () => {}, warn: (about: { waitMs?: number }) => void waits.push(about.waitMs ?? -1) };
    control.stop();
    link = new Link({ agent, identities, clock, random: () => 0.5, log }, identity);
    running = link.run();
    return waits;
  }

  it('comes back when the control plane was killed', async () => {
    await connect();
    await sessions(1);
    control.stop();
    await control.start();
    await sessions(2);
  });

  it.each([
    ['soon after a session that lasted', 13_000, 100],
    ['within half the time of a session that lasted a while', 3_200, 800],
    ['later and later when sessions are short', 1_000, 5_000],
  ])('comes back %s, however often it had to try before', async (_, sessionMs, waitMs) => {
    const clock = new VirtualClock();
    const waits = await tryInVain(clock);
    for (let tries = 1; tries <= 6; tries++) {
      await waitFor(() => waits.length === tries, { what: `try ${tries}` });
      if (tries === 6) await control.start();
      await clock.advance(waits.at(-1) ?? 0);
    }
    await waitFor(() => said('health').length > 0, { what: 'the welcome' });
    await clock.advance(sessionMs);
    control.stop();
    await waitFor(() => waits.length === 7, { what: 'the end of the session' });
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, waitMs]);
  });

  it('does not talk to a control plane of another authority', async () => {
    const identity = await authority.identity(`127.0.0.1:${control.port}`);
    const other = await TestAuthority.create();
    await identities.write({ ...identity, caBundlePem: other.pem });
    await connect();
    await waitFor(() => reasons.length > 1, { what: 'two refusals' });
    expect(reasons[0]).toContain('certificate');
    expect(control.streams).toEqual([]);
  });

  it('stops while it waits for its next try, though the control plane is back by then', async () => {
    const clock = new VirtualClock();
    const waits = await tryInVain(clock);
    await waitFor(() => waits.length === 1, { what: 'the first try' });
    await control.start();
    link.stop();
    await running;
    expect(control.streams).toEqual([]);
  });

  it('goes on trying while there is no control plane, and stops when told', async () => {
    control.stop();
    await connect();
    await waitFor(() => reasons.length > 2, { what: 'three tries' });
    link.stop();
    await running;
    await control.start();
  });

  it('notices a frozen peer within the ping interval and its time-out', async () => {
    const proxy = await FreezingProxy.start(control.port);
    await identities.write(await authority.identity(`127.0.0.1:${proxy.port}`));
    await connect();
    await waitFor(() => said('health').length > 0, { what: 'the welcome' });
    const frozenAt = performance.now();
    proxy.freeze();
    await waitFor(() => reasons.length > 0, { what: 'the loss' });
    expect(performance.now() - frozenAt).toBeLessThan(3_000);
    await sessions(2);
    proxy.close();
  });

  it('comes back after a drain', async () => {
    await connect();
    await sessions(1);
    control.say({ case: 'drain', value: { reconnectAfter: { nanos: 50_000_000 } } });
    await sessions(2);
  });

  it('stores new authorities', async () => {
    await connect();
    await sessions(1);
    const other = await TestAuthority.create();
    const bundle = `${authority.pem}\n${other.pem}`;
    control.say({ case: 'trustUpdate', value: { caBundlePem: bundle } });
    await waitFor(async () => (await identities.read())?.caBundlePem === bundle, { what: 'the stored bundle' });
  });

  it('opens the session with a renewed certificate before it closes the old one', async () => {
    await connect();
    await sessions(1);
    const before = await identities.read();
    await waitFor(() => said('health').length > 0, { what: 'the welcome' });
    await link.renew();
    await sessions(2);
    const after = await identities.read();
    expect(after?.keyPem).not.toBe(before?.keyPem);
    expect(new Set(control.certificates).size).toBe(2);
    expect(control.mostOpen).toBe(2);
    await waitFor(() => control.open.size === 1, { what: 'the end of the old session' });
    control.say({ case: 'config', value: snapshotOf(heldSet(2n, 1n, [nameRecord('a')])) });
    await waitFor(() => said('configStatus').length === 2, { what: 'the new session at work' });
  });
});
