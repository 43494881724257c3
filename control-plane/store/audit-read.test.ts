import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { firstId, newId } from '../ids.ts';
import { type AuditCondition, auditQuery, readBack, readOn } from './audit-read.ts';
import { openStore } from './open.ts';
import type { NewRow } from './schema.ts';
import type { Store } from './store.ts';

const ROWS = 3_000;
const everything = { from: firstId('aud', 0), to: firstId('aud', ROWS) };

function row(n: number): NewRow<'audit'> {
  const about = { object_kind: 'x', object_id: 'x', change_json: '{}', request_id: '' };
  const user_id = n % 1_000 === 0 ? 'usr-rare' : 'usr-often';
  return { id: newId('aud', n), at: n, user_id, action: 'x', site_id: null, container_id: null, ...about };
}

describeEachDialect('reading the audit', (create) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    for (let n = 0; n < ROWS; n += 500) {
      const rows = Array.from({ length: 500 }, (_, i) => row(n + i));
      await store.db.insertInto('audit').values(rows).execute();
    }
  });
  afterAll(() => store?.close());

  const rare: AuditCondition = (entry) => entry.and([entry('user_id', '=', 'usr-rare')]);

  it('finds what is rare past the first step, and says when nothing is left', async () => {
    const { rows, next } = await readBack(store.db, { ...everything, conditions: [rare] }, 10);
    expect(rows.map(({ at }) => at)).toEqual([2_000, 1_000, 0]);
    expect(next).toBeUndefined();
  });

  it('goes on where a page ended', async () => {
    const seen: number[] = [];
    let to: string | undefined = everything.to;
    while (to !== undefined) {
      const read = await readBack(store.db, { ...everything, conditions: [], to }, 700);
      seen.push(...read.rows.map(({ at }) => at));
      to = read.next;
    }
    expect(seen).toEqual(Array.from({ length: ROWS }, (_, i) => ROWS - 1 - i));
  });

  it('keeps to its range', async () => {
    const range = { conditions: [], from: firstId('aud', 10), to: firstId('aud', 20) };
    const { rows } = await readBack(store.db, range, 100);
    expect(rows.map(({ at }) => at)).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10]);
  });

  it('reads on in batches, each entry once', async () => {
    const seen: number[] = [];
    for await (const batch of readOn(store.db, { ...everything, conditions: [] }, 400)) {
      expect(batch.length).toBeLessThanOrEqual(400);
      seen.push(...batch.map(({ at }) => at));
    }
    expect(seen).toEqual(Array.from({ length: ROWS }, (_, i) => i));
  });
});

it('goes by an index in each step and sorts nothing', async () => {
  const store = await openStore({ url: 'sqlite::memory:', masterKey: Buffer.alloc(32, 1) });
  const conditions: AuditCondition[] = [(entry) => entry.and([entry('user_id', '=', 'usr-1')])];
  const { sql, parameters } = auditQuery(store.db, { ...everything, conditions }, 'desc', 10).compile();
  const { rows } = await store.db.executeQuery(CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]));
  expect(JSON.stringify(rows)).toContain('SEARCH audit USING INDEX audit_by_user_id_id (user_id=? AND id>? AND id<?)');
  expect(JSON.stringify(rows)).not.toMatch(/TEMP B-TREE|SCAN/);
  await store.close();
});
