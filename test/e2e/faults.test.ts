// One bad thing never stops the others: a control plane that is away, a route nginx refuses, a file edited by hand.
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { createClient } from '@connectrpc/connect';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { waitFor } from '../support/wait-for.ts';
import { find, made } from './support/containers.ts';
import { outside } from './support/outside.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await createLab();
});

afterAll(() => lab?.destroy());

async function conditionsOf(role: string) {
  const { agents } = await createClient(AgentsService, lab.api.transport).listAgents({});
  return agents.filter((a) => a.capabilities.some((c) => c.startsWith(role))).flatMap((a) => a.conditions);
}

test('with the control plane down traffic flows on, and a restarted host serves its ledger', async () => {
  await made(lab, 't1-down');
  const user = outside(lab);
  await lab.controlPlane.stop('SIGKILL');
  expect((await user.https('t1-down.apps.lab')).status).toBe(200);

  await lab.agents.web.stop('SIGKILL');
  expect((await user.https('t1-down.apps.lab')).status).toBe(200);
  await lab.network.hosts.web.run('sh', ['-c', 'kill -9 $(cat $0)', join(lab.stateDir('web'), 'nginx/run/nginx.pid')]);
  await lab.network.hosts.web.run('sh', [
    '-c',
    'for p in $(pgrep -x nginx); do [ $(stat -Lc %i /proc/$p/ns/net) = $(stat -Lc %i /proc/self/ns/net) ] && kill -9 $p; done; true',
  ]);
  expect((await user.https('t1-down.apps.lab')).status).toBe(0);
  await lab.agents.web.start();
  await waitFor(async () => (await user.https('t1-down.apps.lab')).status === 200, {
    what: 'the page from the ledger',
  });

  await lab.controlPlane.start();
  await made(lab, 't2-down');
  expect((await user.https('t2-down.apps.lab')).status).toBe(200);
});

test('a route that nginx refuses is set aside with the reason, the others change on, and it heals when corrected', async () => {
  const container = await made(lab, 't3-bad');
  const http = container.services.find((s) => s.exposure.case === 'http');
  setHost(http?.id ?? '', 'bad {name};.apps.lab');
  const client = createClient(ServicesService, lab.api.transport);
  const add = (host: string) =>
    client.createService({
      container: container.id,
      service: { internalPort: 80, exposure: { case: 'http', value: { host } } },
    });
  await add('t3-other.apps.lab');
  const user = outside(lab);
  await waitFor(async () => (await user.https('t3-other.apps.lab')).status === 200, { what: 'the other route' });
  const bad = await waitFor(
    async () => (await find(lab, container.id))?.conditions.find((c) => c.kind === 'quarantined'),
    { what: 'the quarantine on the container' },
  );
  expect(bad.message).not.toBe('');
  expect((await conditionsOf('nginx')).map((c) => c.kind)).toContain('quarantined');

  setHost(http?.id ?? '', 't3-bad.apps.lab');
  await add('t3-third.apps.lab');
  await waitFor(async () => (await user.https('t3-bad.apps.lab')).status === 200, { what: 'the healed route' });
  await waitFor(async () => !(await find(lab, container.id))?.conditions.some((c) => c.kind === 'quarantined'), {
    what: 'the quarantine to be lifted',
  });
});

test('a port that somebody else has taken on the host is served soon after it is free', async () => {
  const container = await made(lab, 't4-port');
  const { network, site } = lab;
  const taken = site.portRangeEnd - 7;
  const script = `require('net').createServer((s) => s.end()).listen(${taken}, () => console.log('taken'))`;
  const squatter = network.hosts.web.spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (squatter.stdout) await once(squatter.stdout, 'data');
  await createClient(ServicesService, lab.api.transport).createService({
    container: container.id,
    service: { internalPort: 22, exposure: { case: 'tcp', value: { externalPort: taken } } },
  });
  const quarantine = async () =>
    (await find(lab, container.id))?.conditions.find(({ kind }) => kind === 'quarantined')?.message;
  expect(await waitFor(quarantine, { what: 'the stream to be set aside' })).toContain('Address already in use');
  expect((await outside(lab).https('t4-port.apps.lab')).status).toBe(200);

  squatter.kill('SIGKILL');
  await waitFor(async () => (await outside(lab).banner(taken)).startsWith('SSH-2.0'), { what: 'the stream' });
  await waitFor(async () => (await quarantine()) === undefined, { what: 'the quarantine to be lifted' });
});

// Below the API's validation, as a bug or another program would.
function setHost(service: string, host: string): void {
  const db = new Database(join(lab.stateDir('cp'), 'berth.db'));
  try {
    db.prepare('update service_names set host = ? where service_id = ?').run(host, service);
  } finally {
    db.close();
  }
}

test.each([
  ['nginx', 'web'],
  ['dnsmasq', 'dns'],
] as const)('a file of %s edited by hand is repaired within 5 s and the drift is on the agent', async (role, host) => {
  const current = join(lab.stateDir(host), role, 'current');
  const name = (await readdir(current)).find((file) => /\.conf$/.test(file)) ?? '';
  const right = await readFile(join(current, name), 'utf8');
  await writeFile(join(current, name), `${right}\n# by hand\n`);
  await waitFor(async () => (await readFile(join(current, name), 'utf8')) === right, {
    timeoutMs: 5_000,
    what: `${name} to be repaired`,
  });
  await waitFor(async () => (await conditionsOf(role)).some((c) => c.kind === 'drift'), {
    what: 'the drift to be shown',
  });
});
