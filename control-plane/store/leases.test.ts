import { LeaseSchema } from '@berth/proto/agent/v1/session_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { create as make } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertContainer } from './containers.ts';
import { leaseFindings, leasesOf, putLeases, removeLeases } from './leases.ts';
import { openStore } from './open.ts';
import { sampleContainer, seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

const SITE = 'sit-1';

describeEachDialect('leases', (create) => {
  let store: Store;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    await seedSite(store);
    await store.transaction(async (tx) => {
      await insertContainer(tx, sampleContainer(1));
      await insertContainer(tx, sampleContainer(2));
    });
  });
  afterAll(() => store.close());

  const lease = (mac: string, address: string, hostname = '') => make(LeaseSchema, { mac, address, hostname });
  const leaseOf = async (mac: string) => (await leasesOf(store.db, SITE)).find((row) => row.mac === mac);
  const put = (...leases: ReturnType<typeof lease>[]) => store.transaction((tx) => putLeases(tx, SITE, leases));

  it('are taken in, renewed and dropped by hardware address', async () => {
    await put(lease('BC:24:11:00:00:01', '10.66.0.1', 'web1'), lease('02:00:00:00:00:01', '10.66.0.9'));
    await put({ ...lease('bc:24:11:00:00:01', '10.66.0.1', 'web1'), expiresAt: timestampFromMs(9_000) });
    expect(await leaseOf('bc:24:11:00:00:01')).toMatchObject({ hostname: 'web1', expires_at: 9_000 });
    expect((await leaseOf('02:00:00:00:00:01'))?.expires_at).toBeNull();
    await store.transaction((tx) => removeLeases(tx, SITE, ['02:00:00:00:00:01', 'unknown']));
    expect((await leasesOf(store.db, SITE)).map(({ mac }) => mac)).toEqual(['bc:24:11:00:00:01']);
  });

  it('by the hundreds are as good as one, and a hardware address twice in a report is once in the table', async () => {
    const many = Array.from({ length: 450 }, (_, n) =>
      lease(`02:00:00:01:0${n >> 8}:${hex(n & 255)}`, `10.67.${n >> 8}.${n & 255}`),
    );
    await put(...many, lease('02:00:00:02:00:00', '10.68.0.1'), lease('02:00:00:02:00:00', '10.68.0.2'));
    expect(await leasesOf(store.db, SITE)).toHaveLength(452);
    expect((await leaseOf('02:00:00:02:00:00'))?.address).toBe('10.68.0.2');
  });

  it('are judged against reservations', async () => {
    const judge = async (...leases: ReturnType<typeof lease>[]) => leaseFindings(store.db, SITE, leases);
    const [one, two] = [sampleContainer(1), sampleContainer(2)];
    expect(await judge(lease(one.mac, one.address), lease(two.mac, two.address))).toEqual([]);
    expect(await judge(lease(one.mac, '10.66.9.9'))).toMatchObject([
      { kind: 'lease_conflict', containerId: one.id, subject: one.mac },
    ]);
    expect(await judge(lease(one.mac, two.address))).toMatchObject([{ kind: 'lease_conflict', containerId: one.id }]);
    expect(await judge(lease('02:00:00:00:00:07', two.address, 'printer'))).toMatchObject([
      { kind: 'lease_conflict', containerId: two.id, message: expect.stringContaining('printer') },
    ]);
    expect(await judge(lease('02:00:00:00:00:07', '10.66.9.9'))).toMatchObject([
      { kind: 'unknown_device', severity: 'info' },
    ]);
  });
});

function hex(n: number): string {
  return n.toString(16).padStart(2, '0');
}
