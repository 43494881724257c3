import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEachDialect, testDatabases } from '@berth/test/support/database-each.ts';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../store/open.ts';
import { compareDatabases } from './compare.ts';
import { copyDatabase } from './copy.ts';
import { fillEveryTable } from './testing/rows-of-every-table.ts';

let directory: string;
let source: string;
let rows: number;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-copy-'));
  source = `sqlite:${directory}/source.db`;
  rows = await fillEveryTable(`${directory}/source.db`);
});
afterAll(() => rm(directory, { recursive: true }));

const file = (name: string) => `sqlite:${join(directory, name)}`;

describeEachDialect('copies of a SQLite file', (create, dialect) => {
  let there: string;

  test('hold every row and every value, and so do copies back', async () => {
    there = (await create()).url;
    const back = file(`back-from-${dialect}.db`);
    const copied = await copyDatabase(source, there);
    expect(copied.rows).toBe(rows);
    expect(copied.tables).toBeGreaterThan(50);
    expect(await copyDatabase(there, back)).toEqual(copied);
    expect(await compareDatabases(source, back)).toEqual([]);
  });

  test('go nowhere where something is already', async () => {
    await expect(copyDatabase(source, there)).rejects.toMatchObject({ fault: 'not_empty' });
  });

  test('are not made of a database in use, unless one moment of it will do', async () => {
    const [used, free] = [(await create()).url, file(`free-${dialect}.db`)];
    const store = await openStore({ url: used, masterKey: randomBytes(32) });
    try {
      await expect(copyDatabase(used, free)).rejects.toMatchObject({ fault: 'in_use' });
      const { rows: found } = await copyDatabase(used, free, { online: true });
      expect(found).toBeGreaterThan(0);
      expect(await compareDatabases(used, free)).toEqual([]);
      await expect(copyDatabase(free, used)).rejects.toMatchObject({ fault: 'in_use' });
    } finally {
      await store.close();
    }
  });
});

test('a comparison names rows that differ, are missing, or are too many, with their columns', async () => {
  const changed = file('changed.db');
  await copyDatabase(source, changed);
  const database = new SqliteDatabase(join(directory, 'changed.db'));
  database.exec("update settings set value = 'other', updated_at = 5 where rowid = 1");
  database.exec('delete from rate_limits where rowid = 1');
  database.exec("insert into rate_limits (name, failures, updated_at) values ('more', 0, 0)");
  database.close();
  const differences = await compareDatabases(source, changed);
  expect(differences.map(({ table, what }) => `${table}: ${what}`).sort()).toEqual([
    'rate_limits: only in the first',
    'rate_limits: only in the second',
    'settings: differs in updated_at, value',
  ]);
  expect(differences).toContainEqual({ table: 'rate_limits', key: '"more"', what: 'only in the second' });
});

test('text that PostgreSQL cannot keep is named, and nothing is left half done', async () => {
  const [odd, postgres] = [file('odd.db'), testDatabases().find(({ dialect }) => dialect === 'postgres')];
  const target = await postgres?.create();
  await copyDatabase(source, odd);
  const database = new SqliteDatabase(join(directory, 'odd.db'));
  database.exec("update users set display_name = 'a' || char(0) || 'b'");
  database.close();
  const url = target?.url ?? '';
  const failure = { fault: 'cannot_keep', message: expect.stringMatching(/a row of users/) };
  await expect(copyDatabase(odd, url)).rejects.toMatchObject(failure);
  await expect(copyDatabase(source, url)).resolves.toMatchObject({ rows });
  await target?.drop();
});
