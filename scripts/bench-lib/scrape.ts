/**
 * What it costs to be asked for figures, with 10,000 containers in the store. There is no alternative: "other" is a
 * tenth of what Prometheus waits for by default, and a megabyte.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStoreFigures } from '@berth/control-plane/metrics/store-figures.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import { sampleContainer, sampleSite, seedSite } from '@berth/control-plane/store/sample-rows.ts';
import type { Store } from '@berth/control-plane/store/store.ts';
import { quantile, type Row, row } from './rows.ts';

const CONTAINERS = 10_000;
const SCRAPES = 20;

/** Takes the figures; some ten seconds. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const store = await openStore({ url: `sqlite:${directory}/berth.db`, masterKey: new Uint8Array(32) });
  try {
    await fill(store);
    say(`${CONTAINERS} containers are there`);
    const times: number[] = [];
    let bytes = 0;
    for (let n = 0; n < SCRAPES; n += 1) {
      const began = performance.now();
      bytes = Buffer.byteLength(await (await readStoreFigures(store, Date.now())).text());
      times.push(performance.now() - began);
    }
    return [
      row('scrape', `time of a scrape of the store, median of ${SCRAPES}`, 'ms', quantile(times, 0.5), 1_000),
      row('scrape', `time of a scrape of the store, most of ${SCRAPES}`, 'ms', quantile(times, 1), 1_000),
      row('scrape', 'bytes of a scrape of the store', 'B', bytes, 1e6),
    ];
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
}

async function fill(store: Store): Promise<void> {
  await seedSite(store, sampleSite({ network: '10.64.0.0/14', range_end: '10.67.255.200' }));
  const guest = { exists_on_node: 1, lock_name: '', uptime_seconds: 1, cpu_permille: 10, addresses: '[]', seen_at: 1 };
  await store.transaction(async ({ db }) => {
    for (let n = 1; n <= CONTAINERS; n += 1) {
      const container = sampleContainer(n);
      const { id } = container;
      await db.insertInto('containers').values(container).execute();
      const state = { container_id: id, power: 'running' as const, memory_bytes: 1e8, ...guest };
      await db.insertInto('guest_states').values(state).execute();
      const { mac, address, hostname } = container;
      const lease = { site_id: 'sit-1', mac, address, hostname, expires_at: null, seen_at: 1 };
      await db.insertInto('leases').values(lease).execute();
    }
  });
}
