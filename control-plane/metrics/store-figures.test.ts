import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { faultsOf } from '@berth/test/support/metrics-text.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seedSite } from '../operations/testing/seed.ts';
import { noteCondition } from '../store/conditions.ts';
import { openStore } from '../store/open.ts';
import { sampleContainer } from '../store/sample-rows.ts';
import type { Store } from '../store/store.ts';
import { readStoreFigures } from './store-figures.ts';

describeEachDialect('figures of the store', (create) => {
  let store: Store;
  const clock = new VirtualClock();

  beforeEach(async () => {
    store = await openStore({ url: (await create()).url, masterKey: new Uint8Array(32), clock });
  });
  afterEach(() => store.close());

  const text = async () => (await readStoreFigures(store, clock.now())).text();

  it('are none that cannot be read, of an installation with nothing in it', async () => {
    expect(faultsOf(await text())).toEqual([]);
  });

  it('count containers by what they do, what they take of their nodes, and what is wrong', async () => {
    const { siteId, nodeId, owner, agents } = await seedSite(store);
    const guest = { lock_name: '', uptime_seconds: 1, cpu_permille: 500, addresses: '[]', seen_at: 1 };
    await store.transaction(async (tx) => {
      const { db } = tx;
      for (let n = 1; n <= 4; n += 1) {
        const at = { site_id: siteId, node_id: nodeId, owner_id: owner.userId, cores: 2 };
        const phase = n === 4 ? 'creating' : 'ready';
        await db
          .insertInto('containers')
          .values(sampleContainer(n, { ...at, phase }))
          .execute();
      }
      const seen = (n: number, exists_on_node: number) => ({
        container_id: String(sampleContainer(n).id),
        exists_on_node,
        power: 'running' as const,
        memory_bytes: 100,
        ...guest,
      });
      await db
        .insertInto('guest_states')
        .values([seen(1, 1), seen(2, 0)])
        .execute();
      const finding = { kind: 'quarantined', severity: 'error' as const, subject: 'httpRoute a', message: 'no' };
      await noteCondition(tx, siteId, agents.nginx, finding);
    });
    const all = await text();
    expect(faultsOf(all)).toEqual([]);
    const lines = all.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'berth_containers{site="lab",state="running"} 1',
        'berth_containers{site="lab",state="missing"} 1',
        'berth_containers{site="lab",state="unknown"} 1',
        'berth_containers{site="lab",state="creating"} 1',
        'berth_node_allocated_cores{site="lab",node="pve1"} 8',
        `berth_node_allocated_memory_bytes{site="lab",node="pve1"} ${4 * 512 * 1024 ** 2}`,
        'berth_node_used_cores{site="lab",node="pve1"} 2',
        'berth_node_used_memory_bytes{site="lab",node="pve1"} 200',
        'berth_address_pool_size{site="lab"} 767',
        'berth_address_pool_reserved{site="lab"} 4',
        'berth_conditions{site="lab",kind="quarantined",severity="error"} 1',
      ]),
    );
    const quarantined = lines.filter((line) => line.startsWith('berth_agent_quarantined_resources{'));
    expect(quarantined.map((line) => line.split(' ').at(-1)).sort()).toEqual(['0', '0', '1']);
  });
});
