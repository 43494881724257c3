import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../store/open.ts';
import { databaseFindings } from './database.ts';
import { openToLook } from './open-database.ts';

/** Bytes of a page of SQLite. */
const PAGE = 4_096;

let directory: string;
let file: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'berth-doctor-'));
  file = join(directory, 'berth.db');
  const store = await openStore({ url: `sqlite:${file}`, masterKey: Buffer.alloc(32, 1) });
  await store.close();
});

afterEach(() => rmSync(directory, { recursive: true }));

async function look() {
  const opened = await openToLook(`sqlite:${file}`);
  try {
    return await databaseFindings(opened);
  } finally {
    await opened.db.destroy();
  }
}

function change(statement: string): void {
  const database = new SqliteDatabase(file);
  database.exec(statement);
  database.close();
}

test('a database as this version makes it is well', async () => {
  const findings = await look();
  expect(findings.slice(0, 2).map(({ state }) => state)).toEqual(['ok', 'ok']);
  expect(findings[2]?.message).toMatch(/^writing to disk takes [\d.]+ ms$/);
});

test('one of a newer or an older version is a fault', async () => {
  change("insert into kysely_migration values ('9999-later', '2030-01-01')");
  expect((await look())[0]).toMatchObject({ state: 'fault', message: expect.stringContaining('9999-later') });
  change("delete from kysely_migration where name in ('9999-later', '0007-ingress')");
  expect((await look())[0]).toMatchObject({ state: 'fault', message: expect.stringContaining('0007-ingress') });
});

test('one that is damaged is a fault, in the words of SQLite', async () => {
  change(`create table sample (text text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 100)
    insert into sample select hex(zeroblob(500)) from n`);
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(4 * PAGE, 0xff), 0, 4 * PAGE, size - 4 * PAGE);
  await handle.close();
  expect((await look())[1]).toMatchObject({ state: 'fault', message: expect.stringMatching(/damaged:\n.*malformed/s) });
});

test('one that is not there, or is no database, is told', async () => {
  const handle = await open(file, 'w');
  await handle.writeFile('no database, but a text that somebody has put in its place');
  await handle.close();
  expect(await look()).toMatchObject([{ state: 'fault', message: expect.stringContaining('not a database') }]);
  rmSync(file);
  await expect(look()).rejects.toThrow(`there is no file ${file}`);
});
