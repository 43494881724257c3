import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../ids.ts';
import { loadMasterKey } from '../master-key.ts';
import { SCHEMAS } from '../store/migrate.ts';
import { openStore } from '../store/open.ts';
import { sampleContainer, seedSite } from '../store/sample-rows.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { Store } from '../store/store.ts';
import { makeBackup, verifyBackup } from './backup.ts';
import { keepNewest, targetOf, writeWhole } from './backup-file.ts';
import { compareDatabases } from './compare.ts';
import { copyDatabase } from './copy.ts';
import { readKeyFile, readOrMakeKeyFile } from './key-file.ts';
import { restoreBackup } from './restore.ts';
import { readRestored } from './restored.ts';
import { migrated } from './testing/migrated.ts';
import { fillEveryTable } from './testing/rows-of-every-table.ts';

const MASTER_KEY = new Uint8Array(randomBytes(32));
const KEY = new Uint8Array(randomBytes(32));
const NOW = Date.UTC(2026, 10, 30, 1);

let directory: string;
let made = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-backup-'));
});
afterAll(() => rm(directory, { recursive: true }));

const pieces = async function* (...all: Uint8Array[]) {
  yield* all;
};
const backup = (databaseUrl: string) => buffer(makeBackup({ databaseUrl, masterKey: MASTER_KEY, now: NOW }, KEY));
/** An installation that is not there yet, on a database. */
const target = (databaseUrl?: string) => {
  const stateDir = join(directory, `state-${made++}`);
  const url = databaseUrl ?? `sqlite:${stateDir}/berth.db`;
  return { databaseUrl: url, masterKeyFile: join(stateDir, 'master.key'), stateDir, now: NOW + 60_000 };
};
const restored = (bytes: Uint8Array, to: ReturnType<typeof target>) => restoreBackup(pieces(bytes), KEY, to);

/** Writes again and again, each time a container, its number in a counter, and a revision, until it is stopped. */
function writeOn(store: Store, from: number, step: number) {
  let stopping = false;
  const done = (async () => {
    for (let n = from; !stopping; n += step) {
      await store.transaction(async (tx) => {
        await bumpSite(tx, 'sit-1', null);
        await tx.db.insertInto('containers').values(sampleContainer(n)).execute();
        await tx.db
          .updateTable('counters')
          .set((row) => ({ value: row('value', '+', 1) }))
          .where('name', '=', 'directory_revision')
          .execute();
      });
      // On SQLite nothing of a transaction waits, so nobody else would ever have a turn.
      await new Promise(setImmediate);
    }
  })();
  return () => {
    stopping = true;
    return done;
  };
}

describeEachDialect('a backup', (create, dialect) => {
  test('is of one moment while others write, and leaves them in peace', async () => {
    const { url } = await create();
    const stores = [await openStore({ url, masterKey: MASTER_KEY }), await openStore({ url, masterKey: MASTER_KEY })];
    const [first] = stores;
    if (!first) throw new Error('no store');
    await seedSite(first);
    const stops = stores.map((store, i) => writeOn(store, i + 1, stores.length));
    const counted = async () => (await first.db.selectFrom('containers').select('id').execute()).length;
    while ((await counted()) < 20) await new Promise(setImmediate);
    const bytes = [];
    const before = await counted();
    for (let i = 0; i < 3; i++) bytes.push(await backup(url));
    for (const stop of stops) await stop();
    expect(await counted()).toBeGreaterThan(before);
    for (const file of bytes) {
      const to = target();
      await restored(file, to);
      const store = await openStore({ url: to.databaseUrl, masterKey: loadMasterKey(to.masterKeyFile) });
      const containers = await store.db.selectFrom('containers').select('id').execute();
      const counter = await store.db
        .selectFrom('counters')
        .selectAll()
        .where('name', '=', 'directory_revision')
        .execute();
      const site = await store.db.selectFrom('sites').select('revision').executeTakeFirstOrThrow();
      const changes = await store.db.selectFrom('site_changes').select('revision').execute();
      expect([counter[0]?.value, site.revision, changes.length]).toEqual(Array(3).fill(containers.length));
      await store.close();
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  test('keeps every row, restored on any engine', async () => {
    const { url } = await create();
    const source = join(directory, `every-${dialect}.db`);
    const rows = await fillEveryTable(source);
    await copyDatabase(`sqlite:${source}`, url);
    const bytes = await backup(url);
    const { counts, tables, header } = await verifyBackup(pieces(bytes), KEY);
    expect(counts.rows).toBe(rows);
    expect([...tables.values()]).toEqual(Array(counts.tables).fill(3));
    expect(header).toMatchObject({ schema: SCHEMAS.at(-1), madeAt: '2026-11-30T01:00:00.000Z' });
  });

  test('restored is the same but for what a restore puts right, and opens with its own key', async () => {
    const { url } = await create();
    const store = await openStore({ url, masterKey: MASTER_KEY });
    await seedSite(store);
    await store.close();
    const to = target((await create()).url);
    // What a package leaves that was installed and started: nobody has set it up, so it is in nobody's way.
    const started = await openStore({ url: to.databaseUrl, masterKey: loadMasterKey(to.masterKeyFile) });
    await started.close();
    const { formerKeyFile, counts } = await restored(await backup(url), to);
    expect(existsSync(formerKeyFile ?? '')).toBe(true);
    expect(Buffer.from(loadMasterKey(to.masterKeyFile))).toEqual(Buffer.from(MASTER_KEY));
    expect(statSync(to.masterKeyFile).mode & 0o777).toBe(0o600);
    expect(counts.rows).toBeGreaterThan(5);
    const differences = (await compareDatabases(url, to.databaseUrl)).map(
      ({ table, key, what }) => `${table} ${key} ${what}`,
    );
    expect(differences.map((each) => each.replace(/aud-\w+/, 'aud-…')).sort()).toEqual([
      'audit "aud-…" only in the second',
      'counters "gid_number" differs in value',
      'counters "uid_number" differs in value',
      'settings "restored" only in the second',
    ]);
    const again = await openStore({ url: to.databaseUrl, masterKey: MASTER_KEY });
    expect(await readRestored(again.db)).toEqual({
      madeAt: '2026-11-30T01:00:00.000Z',
      restoredAt: '2026-11-30T01:01:00.000Z',
      pending: false,
    });
    await again.close();
    await expect(restored(await backup(url), to)).rejects.toMatchObject({ fault: 'not_empty' });
  });
});

test('a backup of an earlier release is restored as it was and brought up to date', async () => {
  const [earlier] = SCHEMAS;
  const url = `sqlite:${directory}/earlier.db`;
  await migrated(url, earlier);
  const to = target();
  const { header } = await restored(await backup(url), to);
  expect(header.schema).toBe(earlier);
  const fresh = `sqlite:${directory}/fresh.db`;
  await migrated(fresh);
  expect((await compareDatabases(fresh, to.databaseUrl)).map(({ table }) => table)).not.toContain('groups');
});

test('a broken file leaves the database as good as empty, and the next try works', async () => {
  const url = `sqlite:${directory}/broken.db`;
  const store = await openStore({ url, masterKey: MASTER_KEY });
  await seedSite(store);
  await store.transaction(async (tx) => {
    for (let n = 1; n <= 2_000; n++) await tx.db.insertInto('containers').values(sampleContainer(n)).execute();
  });
  await store.close();
  const bytes = await backup(url);
  const to = target();
  mkdirSync(to.stateDir);
  writeFileSync(join(to.stateDir, 'replica-id'), 'rep-former\n');
  await expect(restored(bytes.subarray(0, -10), to)).rejects.toMatchObject({ fault: 'truncated' });
  expect(existsSync(to.masterKeyFile)).toBe(false);
  await expect(restoreBackup(pieces(bytes), new Uint8Array(32), to)).rejects.toMatchObject({ fault: 'wrong_key' });
  expect((await restored(bytes, to)).counts.rows).toBeGreaterThan(2_000);
  expect(readdirSync(to.stateDir).sort()).toEqual(['berth.db', 'master.key']);
});

test('a file appears whole under its name, and the newest of a directory are kept', async () => {
  const at = join(directory, 'kept');
  mkdirSync(at);
  const names: string[] = [];
  for (let day = 1; day <= 4; day++) {
    const file = await targetOf(at, new Date(Date.UTC(2026, 10, day)));
    names.push(file);
    expect(await writeWhole(file, pieces(Buffer.from('one '), Buffer.from('day')))).toBe(7);
  }
  writeFileSync(join(at, 'mine.backup'), '');
  expect(names[0]).toBe(join(at, 'berth-20261101T000000Z.backup'));
  expect(await keepNewest(at, 2)).toEqual(['berth-20261101T000000Z.backup', 'berth-20261102T000000Z.backup']);
  const failing = async function* () {
    yield Buffer.from('half');
    throw new Error('the source broke');
  };
  await expect(writeWhole(join(at, 'x'), failing())).rejects.toThrow('the source broke');
  expect(readdirSync(at).sort()).toEqual([
    'berth-20261103T000000Z.backup',
    'berth-20261104T000000Z.backup',
    'mine.backup',
  ]);
  await expect(targetOf(join(at, 'nowhere/'), new Date())).rejects.toMatchObject({ fault: 'wrong_file' });
});

test('the key is made once, for its owner alone, and never written over', () => {
  const file = join(directory, newId('key', NOW));
  const { key, made: now } = readOrMakeKeyFile(file);
  expect([now, key.length, statSync(file).mode & 0o777]).toEqual([true, 32, 0o600]);
  expect(readOrMakeKeyFile(file)).toEqual({ key, made: false });
  expect(readFileSync(file, 'utf8').trim()).toBe(Buffer.from(key).toString('base64'));
  writeFileSync(file, 'nonsense');
  expect(() => readKeyFile(file)).toThrow(/holds no key/);
  expect(() => readKeyFile(`${file}.not`)).toThrow(/is not there/);
});
