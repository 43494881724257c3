// Two control planes on one PostgreSQL: agents on either, work that crosses between them, and one of them killed.
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { loadMasterKey } from '@berth/control-plane/master-key.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import type { Store } from '@berth/control-plane/store/store.ts';
import { AgentState, AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { type Operation, OperationState, OperationsService } from '@berth/proto/api/v1/operations_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import type { LocalReplica } from '../lab/local-replicas.ts';
import { agentsSettled } from '../lab/site-setup.ts';
import { type TestDatabase, testDatabases } from '../support/database-each.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase | undefined;
let lab: LocalLab;
let store: Store;
let here: LocalReplica;
let there: LocalReplica;

beforeAll(async () => {
  database = await testDatabases()
    .find(({ dialect }) => dialect === 'postgres')
    ?.create();
  if (!database) throw new Error('there is no PostgreSQL');
  lab = await createLocalLab({ databaseUrl: database.url, replicas: 2 });
  const [first, second] = lab.replicas;
  if (!first || !second) throw new Error('there are no two replicas');
  [here, there] = [first, second];
  store = await openStore({ url: database.url, masterKey: loadMasterKey(join(lab.directory, 'cp', 'master.key')) });
});

afterAll(async () => {
  await store?.close();
  await lab?.destroy();
  await database?.drop();
});

const idOf = async ({ stateDir }: LocalReplica) => (await readFile(join(stateDir, 'replica-id'), 'utf8')).trim();

/** Which replica has the session of each agent. */
async function sessions(): Promise<Record<string, string | null>> {
  const rows = await store.db.selectFrom('agents').select(['name', 'replica_id']).execute();
  return Object.fromEntries(rows.map(({ name, replica_id }) => [name, replica_id]));
}

async function create(at: LocalReplica, hostname: string): Promise<{ container: string; operation: string }> {
  const answer = await createClient(ContainersService, at.api.transport).createContainer({
    container: {
      site: lab.site.id,
      hostname,
      template: 'debian-12',
      services: [
        {
          internalPort: lab.ports.guestHttp,
          exposure: { case: 'http', value: { host: `${hostname}.${lab.site.externalDomains[0]}` } },
        },
      ],
    },
  });
  return { container: answer.container?.id ?? '', operation: answer.operation?.id ?? '' };
}

/** How an operation ended, as a replica tells it. */
function ended(at: LocalReplica, operation: string): Promise<Operation> {
  const client = createClient(OperationsService, at.api.transport);
  return waitFor(
    async () => {
      const { operation: now } = await client.getOperation({ operation });
      return now && [OperationState.SUCCEEDED, OperationState.FAILED].includes(now.state) ? now : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 100, what: `operation ${operation} to end` },
  );
}

/** The status and the page that nginx serves for a container. */
function page(hostname: string): Promise<string> {
  const host = `${hostname}.${lab.site.externalDomains[0]}`;
  return new Promise((resolve) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: lab.ports.https,
        servername: host,
        headers: { host },
        agent: false,
        rejectUnauthorized: false,
      },
      async (response) => resolve(`${response.statusCode} ${(await response.toArray()).join('')}`),
    );
    call.on('error', (error) => resolve(error.message));
    call.end();
  });
}

test('agents are with either replica, and both show all of them', async () => {
  expect(await sessions()).toEqual({ dns: await idOf(here), pve: await idOf(here), web: await idOf(there) });
  for (const { api } of [here, there]) {
    const { agents } = await createClient(AgentsService, api.transport).listAgents({});
    expect(agents.map(({ name, state }) => [name, state]).sort()).toEqual(
      ['dns', 'pve', 'web'].map((name) => [name, AgentState.CONNECTED]),
    );
  }
});

test.each([0, 1])('what is asked of replica %i is done by agents of both, and told by both', async (asked) => {
  const at = asked === 0 ? here : there;
  const other = asked === 0 ? there : here;
  const hostname = `via${asked}`;
  const { container, operation } = await create(at, hostname);
  const end = await ended(other, operation);
  expect([end.state, end.error]).toEqual([OperationState.SUCCEEDED, '']);
  expect(await page(hostname)).toMatch(new RegExp(`^200 .*Hello from ${hostname}`));
  const deleted = await createClient(ContainersService, other.api.transport).deleteContainer({ container });
  expect((await ended(at, deleted.operation?.id ?? '')).state).toBe(OperationState.SUCCEEDED);
  expect(await page(hostname)).toMatch(/^404 /);
});

test('what a killed replica had begun the other ends, with the agents that come over', async () => {
  // Held up at its first step, so that it is under way for certain when its replica is killed.
  await lab.agents.dns.stop();
  const { operation } = await create(here, 'moved');
  const rowOf = () =>
    store.db.selectFrom('operations').selectAll().where('id', '=', operation).executeTakeFirstOrThrow();
  const { lease_owner: owner, lease_epoch: epoch } = await waitFor(
    async () => {
      const row = await rowOf();
      return row.lease_owner ? row : undefined;
    },
    { what: 'somebody to take the operation up' },
  );
  const victim = owner?.startsWith(await idOf(here)) ? here : there;
  const survivor = victim === here ? there : here;
  await victim.program.stop('SIGKILL');
  await lab.agents.dns.start();
  const end = await ended(survivor, operation);
  expect([end.state, end.error]).toEqual([OperationState.SUCCEEDED, '']);
  expect((await rowOf()).lease_epoch).toBeGreaterThan(epoch);
  await agentsSettled(survivor.api.transport, 3);
  const only = await idOf(survivor);
  expect(await sessions()).toEqual({ dns: only, pve: only, web: only });
  expect(await page('moved')).toMatch(/^200 /);

  await victim.program.start();
  const { operation: next } = await create(victim, 'again');
  expect((await ended(survivor, next)).state).toBe(OperationState.SUCCEEDED);
  expect(await page('again')).toMatch(/^200 /);
  const rejected = await store.db.selectFrom('agents').select(['name', 'rejected_generation']).execute();
  expect(rejected.map(({ rejected_generation }) => rejected_generation)).toEqual([0, 0, 0]);
});
