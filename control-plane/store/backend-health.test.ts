import { BackendHealthSchema } from '@berth/proto/agent/v1/session_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { create as make } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { insertAgent, revokeAgent } from './agents.ts';
import { healthOf, putBackendHealth } from './backend-health.ts';
import { insertContainer } from './containers.ts';
import { openStore } from './open.ts';
import { sampleContainer, seedSite } from './sample-rows.ts';
import { insertServices } from './services.ts';
import type { Store, Topic } from './store.ts';

const SITE = 'sit-1';
const CONTAINER = 'ctr-000001';

describeEachDialect('the health of backends', (create) => {
  let store: Store;
  let agents: string[];
  const topics: Topic[] = [];

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    await seedSite(store);
    agents = await store.transaction(async (tx) => {
      await insertContainer(tx, sampleContainer(1));
      const common = { container_id: CONTAINER, site_id: SITE, names: [], backend_tls: 0, created_at: 1 };
      const tcp = { ...common, kind: 'tcp' as const, internal_port: 22 };
      await insertServices(tx, [
        { ...tcp, id: 'svc-a', external_port: 2000 },
        { ...tcp, id: 'svc-b', external_port: 2001 },
      ]);
      const add = (name: string) =>
        insertAgent(
          tx,
          { siteId: SITE, name, roles: ['nginx'], machineId: name },
          { serial: '01', expiresAt: tx.now + 1_000 },
        );
      return [await add('one'), await add('two')];
    });
    store.feed.subscribe((topic) => topics.push(topic));
  });
  beforeEach(async () => {
    await store.db.deleteFrom('backend_health').execute();
    topics.length = 0;
  });
  afterAll(() => store.close());

  const seen = (service: string, error = '', since = 1_000) =>
    make(BackendHealthSchema, {
      route: `${CONTAINER}/${service}`,
      containerId: CONTAINER,
      healthy: error === '',
      error,
      since: timestampFromMs(since),
    });
  const put = (backends: ReturnType<typeof seen>[], full = false, agent = 0, siteId = SITE) =>
    store.transaction((tx) => putBackendHealth(tx, { agentId: agents[agent] ?? '', siteId }, backends, full));
  const known = async () =>
    (await healthOf(store.db, ['svc-a', 'svc-b'])).map((row) => [row.service_id, row.healthy, row.error]);
  const nudges = () => topics.splice(0).filter(({ kind }) => kind === 'container');

  it('is kept by service and agent, and tells the container what has changed', async () => {
    await put([seen('svc-a', 'connection refused')]);
    expect(await known()).toEqual([['svc-a', 0, 'connection refused']]);
    expect(nudges()).toEqual([{ kind: 'container', id: CONTAINER }]);
    await put([seen('svc-a', 'connection refused', 2_000)]);
    expect(nudges()).toEqual([]);
    await put([seen('svc-a')]);
    expect(await known()).toEqual([['svc-a', 1, '']]);
    expect(nudges()).toHaveLength(1);
  });

  it('ends with a full report that does not name it, for that agent only', async () => {
    await put([seen('svc-a'), seen('svc-b')]);
    await put([seen('svc-a')], false, 1);
    await put([seen('svc-b')], true);
    const rows = await healthOf(store.db, ['svc-a', 'svc-b']);
    expect(rows.map(({ service_id, agent_id }) => [service_id, agents.indexOf(agent_id)]).sort()).toEqual([
      ['svc-a', 1],
      ['svc-b', 0],
    ]);
  });

  it('is taken of services of the agent’s own site only, and what a container answered is made one short line', async () => {
    await put([seen('svc-a')], false, 0, 'sit-other');
    await put([seen('svc-gone'), make(BackendHealthSchema, { route: 'x'.repeat(300) })]);
    expect(await known()).toEqual([]);
    await put([seen('svc-a', `bad\r\n\u202e${'x'.repeat(2_000)}`)]);
    const [[, , error] = []] = await known();
    expect(error).toBe(`bad ${'x'.repeat(496)}`);
  });

  it('is not told of an agent that is none any more', async () => {
    await put([seen('svc-a')], false, 1);
    await store.transaction((tx) => revokeAgent(tx, agents[1] ?? ''));
    expect(await known()).toEqual([]);
  });
});
