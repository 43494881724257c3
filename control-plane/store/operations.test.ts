import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore } from './open.ts';
import {
  appendOperationLog,
  cancelOperation,
  claimOperations,
  heldWrite,
  insertOperation,
  LeaseLost,
  logAfter,
  operationById,
  renewLease,
  stepsOf,
} from './operations.ts';
import type { Store } from './store.ts';

const LEASE_MS = 10_000;

describeEachDialect('operations as rows', (open) => {
  let store: Store;
  let clock: VirtualClock;
  beforeEach(async () => {
    clock = new VirtualClock();
    store = await openStore({ url: (await open()).url, masterKey: new Uint8Array(32), clock });
  });
  afterEach(() => store.close());

  const put = (id: string) =>
    store.transaction((tx) =>
      insertOperation(tx, {
        id,
        kind: 'container.create',
        siteId: 'sit-1',
        containerId: 'ctr-1',
        hostname: 'web1',
        userId: 'usr-1',
        requestId: 'req-1',
        data: {},
        steps: [
          { name: 'first', title: 'First' },
          { name: 'second', title: 'Second' },
        ],
        done: 1,
      }),
    );

  it('are claimed by one of many at once', async () => {
    for (let i = 0; i < 20; i++) await put(`opn-${i}`);
    const claims = await Promise.all(['a', 'b', 'c'].map((owner) => claimOperations(store, owner, LEASE_MS, 20)));
    const ids = claims.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const rest = await claimOperations(store, 'd', LEASE_MS, 20);
    expect([...ids, ...rest.map(({ id }) => id)]).toHaveLength(20);
  });

  it('pass to another when the lease has run out, and their former holder writes nothing more', async () => {
    await put('opn-1');
    const [former] = await claimOperations(store, 'a', LEASE_MS, 1);
    expect(await claimOperations(store, 'b', LEASE_MS, 1)).toEqual([]);
    await clock.advance(LEASE_MS);
    const [holder] = await claimOperations(store, 'b', LEASE_MS, 1);
    if (!former || !holder) throw new Error('nothing was claimed');
    expect(await renewLease(store, former, LEASE_MS)).toBe(false);
    const late = heldWrite(store, former, LEASE_MS, async (tx) => {
      await tx.db.updateTable('operations').set({ error: 'late' }).execute();
    });
    await expect(late).rejects.toBeInstanceOf(LeaseLost);
    expect(await renewLease(store, holder, LEASE_MS)).toBe(true);
    expect(await operationById(store.db, 'opn-1')).toMatchObject({ error: '', lease_owner: 'b' });
  });

  it('are turned round by a cancellation, once', async () => {
    await put('opn-1');
    const [holder] = await claimOperations(store, 'a', LEASE_MS, 1);
    const cancel = () => store.transaction((tx) => cancelOperation(tx, 'opn-1', 'cancelled', 'Cancelled.'));
    expect(await cancel()).toBe(true);
    expect(await cancel()).toBe(false);
    expect(holder && (await renewLease(store, holder, LEASE_MS))).toBe(false);
    expect(await claimOperations(store, 'b', LEASE_MS, 1)).toHaveLength(1);
  });

  it('log without gaps, from many writers, one clean line each', async () => {
    await put('opn-1');
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => appendOperationLog(store, 'opn-1', 'first', [`a${i}\u0000`, `b${i}\nc`])),
    );
    const lines = await logAfter(store.db, 'opn-1', 0, 100);
    expect(lines.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(lines.every(({ text }) => /^[ -~]+$/.test(text))).toBe(true);
    expect(await logAfter(store.db, 'opn-1', 18, 100)).toHaveLength(2);
  });

  it('begin with the steps their verb has done', async () => {
    await put('opn-1');
    const steps = await stepsOf(store.db, ['opn-1']);
    expect(steps.map(({ state }) => state)).toEqual(['done', 'pending']);
  });
});
