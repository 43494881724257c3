import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf, type Finding } from '@berth/proto/contract/finding.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../run.ts';
import { IdentityStore, lifeOf } from '../shared/identity.ts';
import { createLogger } from '../shared/logger.ts';
import { TestAuthority } from '../shared/testing/authority.ts';
import { FakeControlPlane } from '../shared/testing/fake-control-plane.ts';
import { heldSet, snapshotOf } from '../shared/testing/resources.ts';
import { examineHost } from './doctor.ts';
import { generationFinding, nodeFinding } from './examine-agent.ts';
import { rangesOf } from './examine-dnsmasq.ts';
import { certificateFinding } from './examine-identity.ts';

const HOUR_MS = 3_600_000;

let stateDir: string;
let configFile: string;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'berth-doctor-'));
  configFile = join(stateDir, 'agent.json');
  await writeFile(configFile, JSON.stringify({ stateDir, roles: { proxmox: {} } }));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const of = (findings: readonly Finding[], check: string) => findings.find((finding) => finding.check === check);

describe('examineHost', () => {
  it('says how to join where nothing is set up, and where nobody is enrolled', async () => {
    const bare = await examineHost(join(stateDir, 'none.json'));
    expect(of(bare, 'configuration')).toMatchObject({
      state: 'fault',
      remedy: expect.stringContaining('berth agent create'),
    });
    expect(of(await examineHost(configFile), 'enrolment')).toMatchObject({ state: 'fault' });
  });

  it('tells of a session and of the generation that runs, and what is left of it when the agent is gone', async () => {
    const authority = await TestAuthority.create();
    const control = new FakeControlPlane(authority);
    await control.start();
    await new IdentityStore(stateDir).write(await authority.identity(`127.0.0.1:${control.port}`));
    const config = { stateDir, logLevel: 'info', roles: { proxmox: {} } } as const;
    const running = await startAgent(config, { log: createLogger('fatal') });
    await waitFor(() => control.streams.length === 1, { what: 'the session' });
    control.say({ case: 'config', value: snapshotOf(heldSet(1n, 4n, [])) });
    await waitFor(async () => of(await examineHost(configFile), 'generation')?.message === '4 is held and runs');
    const findings = await examineHost(configFile);
    expect(of(findings, 'session')).toMatchObject({ state: 'ok' });
    expect(of(findings, 'agents port')).toMatchObject({ state: 'ok' });
    expect(exitCodeOf(findings)).toBe(0);
    control.stop();
    await waitFor(async () => of(await examineHost(configFile), 'session')?.state === 'fault');
    await running.stop();
    expect(of(await examineHost(configFile), 'agents port')).toMatchObject({ state: 'fault' });
  });
});

it('judges a certificate by its age', async () => {
  const authority = await TestAuthority.create();
  const { chainPem } = await authority.issue(24 * HOUR_MS);
  const { notBeforeMs: begin } = lifeOf(chainPem);
  const at = (hours: number) => certificateFinding(chainPem, begin + hours * HOUR_MS);
  expect(at(1)).toMatchObject({ state: 'ok', message: '23.0 h left of 24 h' });
  expect(at(20)).toMatchObject({ state: 'warning' });
  expect(at(25)).toMatchObject({ state: 'fault', remedy: expect.stringContaining('new token') });
  expect(at(-1)).toMatchObject({ state: 'fault', remedy: expect.stringContaining('timedatectl') });
});

it('tells a refused generation from one that is being applied', () => {
  const status = { pid: 1, version: '1' };
  const applied = { generation: '7', running: false, message: 'nginx: [emerg] no', quarantined: [] };
  expect(generationFinding(7n, 6n, { ...status, applied })).toMatchObject({
    state: 'fault',
    message: '7 was refused, 6 runs: nginx: [emerg] no',
  });
  expect(generationFinding(7n, 6n, status)).toMatchObject({ state: 'warning' });
  expect(generationFinding(0n, 0n, status)).toMatchObject({ state: 'ok' });
});

it('gives the commands of a node whose token lacks something', () => {
  expect(nodeFinding(['pve1', 'The token lacks SDN.Use:\npveum role add …\npveum acl modify …'])).toEqual({
    check: 'node pve1',
    state: 'fault',
    message: 'The token lacks SDN.Use:',
    remedy: 'pveum role add …\npveum acl modify …',
  });
});

it('reads the ranges of a rendered file', () => {
  expect(rangesOf('port=53\ndhcp-range=set:zone0,10.64.1.1,10.64.1.99,255.255.252.0,3600\n')).toEqual([
    { start: '10.64.1.1', end: '10.64.1.99' },
  ]);
});
