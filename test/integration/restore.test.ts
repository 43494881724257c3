// A backup of a whole site at work, its control plane lost, and another one in its place: by the commands an
// administrator gives, with the real agents, nginx and dnsmasq.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import { type Agent, AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { AuditService } from '@berth/proto/api/v1/audit_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { type Container, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState, OperationsService } from '@berth/proto/api/v1/operations_pb.js';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import { agentsSettled, LAB_ADMINISTRATOR } from '../lab/site-setup.ts';
import { waitFor } from '../support/wait-for.ts';

const BERTH = join(import.meta.dirname, '../../control-plane/cli/berth.ts');

let lab: LocalLab;
let transport: Transport;
let token: string;
let outside: string;
let kept: Container;
let lost: Container;

beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'berth-restore-'));
  lab = await createLocalLab();
  transport = lab.api.transport;
});
afterAll(async () => {
  await lab?.destroy();
  await rm(outside, { recursive: true });
});

const file = () => join(outside, 'site.backup');
const stateDir = () => join(lab.directory, 'cp');

/** Gives a command on the control plane's host. */
async function berth(...args: string[]): Promise<string> {
  const env = { ...process.env, BERTH_STATE_DIR: stateDir(), BERTH_BACKUP_KEY_FILE: join(outside, 'backup.key') };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [BERTH, ...args], { env });
  return stdout + stderr;
}

async function create(hostname: string): Promise<Container> {
  const http = { case: 'http' as const, value: { host: `${hostname}.${lab.site.externalDomains[0]}` } };
  const services = [{ internalPort: lab.ports.guestHttp, exposure: http }];
  const container = { site: lab.site.id, hostname, template: 'debian-12', services };
  const containers = createClient(ContainersService, transport);
  const { container: made, operation } = await containers.createContainer({ container });
  await waitFor(
    async () => {
      const { operation: now } = await createClient(OperationsService, transport).getOperation({
        operation: operation?.id ?? '',
      });
      if (now?.state === OperationState.FAILED) throw new Error(now.error);
      return now?.state === OperationState.SUCCEEDED;
    },
    { timeoutMs: 60_000, intervalMs: 100, what: `${hostname} to be created` },
  );
  if (!made) throw new Error('the server sent no container');
  return made;
}

function status(hostname: string): Promise<number> {
  const host = `${hostname}.${lab.site.externalDomains[0]}`;
  const options = { servername: host, headers: { host }, agent: false as const, rejectUnauthorized: false };
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port: lab.ports.https, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on('error', () => resolve(0));
    call.end();
  });
}

async function agents(): Promise<Agent[]> {
  return (await createClient(AgentsService, transport).listAgents({})).agents;
}

test('a backup is made while the site works, and tells what it holds', async () => {
  kept = await create('kept');
  const [said] = await Promise.all([berth('backup', file()), create('meanwhile').then(() => undefined)]);
  expect(said).toMatch(/Backed up \d+ rows of \d+ tables to .*site\.backup/);
  expect(await berth('backup', 'verify', file())).toMatch(/This backup is whole[\s\S]*containers +[12]\n/);
  lost = await create('lost');
  expect(await status('lost')).toBe(200);
});

test('restored in another place, it is followed by the agents without joining again, who go on with what is newer', async () => {
  await lab.controlPlane.stop('SIGKILL');
  await expect(berth('restore', file())).rejects.toThrow(/holds an installation already/);
  await rename(stateDir(), join(outside, 'former'));
  await mkdir(stateDir(), { mode: 0o700 });
  expect(await berth('restore', file())).toMatch(/Restored \d+ rows[\s\S]*What to do next/);
  await lab.controlPlane.start();
  const ca = await readFile(lab.api.caFile, 'utf8');
  ({ token } = await createClient(AuthService, transportTo(lab.api.url, { ca })).signIn(LAB_ADMINISTRATOR));
  transport = transportTo(lab.api.url, { ca, token });
  const told = await waitFor(
    async () => {
      const all = await agents();
      const ready = all.every(
        ({ aheadGeneration, conditions }) =>
          aheadGeneration > 0n && conditions.some(({ message }) => message.includes('Going back would')),
      );
      return ready ? all : undefined;
    },
    { timeoutMs: 60_000, what: 'every agent to come back and say what it holds' },
  );
  const words = Object.fromEntries(told.map(({ name, conditions }) => [name, conditions.map((c) => c.message).join()]));
  expect(words.web).toMatch(/take away \d+ \(.*route lost\.apps\.localhost/);
  expect(words.dns).toContain(`address ${lost.address} of lost`);
  expect(words.pve).toContain(`guest ${lost.vmid} on `);
  expect([await status('kept'), await status('lost')]).toEqual([200, 200]);
});

test('nothing is made in that site before an administrator has confirmed', async () => {
  const refused = await create('early').catch((error: unknown) => ConnectError.from(error));
  expect(refused).toMatchObject({ code: Code.FailedPrecondition });
  expect(String(refused)).toMatch(/restored from a backup.*dns waits for an administrator to confirm/);
  expect(await status('lost')).toBe(200);
});

test('the page of the agents says what is to be decided, and takes the decision', async () => {
  const cookie = `berth=${token}`;
  const page = await (await fetch(`${lab.api.pagesUrl}/agents`, { headers: { cookie } })).text();
  expect(page).toContain('route lost.apps.localhost');
  expect(page.match(/Go back to what was restored/g)).toHaveLength(3);
  const dns = (await agents()).find(({ name }) => name === 'dns');
  const confirm = `${lab.api.pagesUrl}/agents/${dns?.id}/confirm-restore`;
  const headers = { cookie, origin: lab.api.pagesUrl };
  const answer = await fetch(confirm, { method: 'POST', headers, redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/agents']);
  expect((await agents()).filter(({ restorePending }) => restorePending).map(({ name }) => name)).toEqual([
    'pve',
    'web',
  ]);
});

test('confirmed, they go back, and what is made then takes the place of nothing that is there', async () => {
  const client = createClient(AgentsService, transport);
  for (const { id } of await agents()) await client.confirmRestore({ agent: id });
  await agentsSettled(transport, 3);
  for (const { aheadGeneration, conditions } of await agents()) {
    expect([aheadGeneration, conditions.map(({ kind }) => kind)]).toEqual([
      0n,
      expect.not.arrayContaining(['ahead_of_restore']),
    ]);
  }
  await waitFor(async () => (await status('lost')) !== 200, { what: 'the lost route to be gone' });
  expect(await status('kept')).toBe(200);
  const next = await create('next');
  const { container: now } = await createClient(ContainersService, transport).getContainer({ container: next.id });
  for (const there of [kept, lost]) {
    expect(now?.vmid).not.toBe(there.vmid);
    expect(now?.address).not.toBe(there.address);
  }
  expect(await status('next')).toBe(200);
  const { entries } = await createClient(AuditService, transport).listAuditEntries({});
  const actions = entries.map(({ action }) => action);
  expect(actions.filter((action) => action === 'agent.confirm_restore')).toHaveLength(3);
  expect(actions).toContain('installation.restore');
});

test('a restart asks nobody again', async () => {
  await lab.controlPlane.stop();
  await lab.controlPlane.start();
  await agentsSettled(transport, 3);
  expect((await agents()).map(({ restorePending }) => restorePending)).toEqual([false, false, false]);
});
