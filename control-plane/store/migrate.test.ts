/**
 * Databases of earlier releases, as the engines' own tools dumped them with data in them, brought up to date. The dumps
 * were filled by that release itself: its first administrator `root`, `ada` made administrator, `olga` who owns the
 * container lab/web1, and `sam` suspended; everybody's password is "lantern quartz meadow".
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { type Dialect, describeEachDialect } from '@berth/test/support/database-each.ts';
import SqliteDatabase from 'better-sqlite3';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyPassword } from '../auth/password.ts';
import { LDAPUSERS, SYSADMINS } from './built-in-groups.ts';
import { directoryRevision } from './directory-changes.ts';
import { insertGroup } from './groups.ts';
import { openStore } from './open.ts';
import { dumpSchema } from './schema-dump.ts';
import { standingOf } from './standing.ts';
import type { Store } from './store.ts';
import { insertUser, userByUsername } from './users.ts';

const GOLDEN = join(import.meta.dirname, '../../test/golden');
/** With which the dumps' secrets were sealed. */
const MASTER_KEY = new Uint8Array(32).fill(7);

describeEachDialect('a database of the first release', (create, dialect) => {
  let store: Store;
  let url: string;
  const open = () => openStore({ url, masterKey: MASTER_KEY, clock: new VirtualClock() });

  beforeAll(async () => {
    ({ url } = await create());
    await load(dialect, url, readFileSync(join(GOLDEN, `releases/0001-initial/${dialect}.sql`), 'utf8'));
    store = await open();
  });
  afterAll(() => store?.close());

  const person = async (username: string) => {
    const row = await userByUsername(store.db, username);
    if (!row) throw new Error(`${username} is gone`);
    return row;
  };

  it('ends with the tables that a new one has', async () => {
    const golden = readFileSync(join(GOLDEN, `schema.${dialect}.sql`), 'utf8');
    expect(await dumpSchema(store.db, dialect)).toBe(golden);
  });

  it('keeps its people, who get numbers from 2000 on in the order they came', async () => {
    const rows = await store.db.selectFrom('users').selectAll().orderBy('id').execute();
    expect(rows.map(({ uid_number }) => uid_number)).toEqual([2_000, 2_001, 2_002, 2_003]);
    expect(rows.map(({ username }) => username).sort()).toEqual(['ada', 'olga', 'root', 'sam']);
    for (const { password_hash, shell } of rows) {
      expect(await verifyPassword(password_hash, 'lantern quartz meadow')).toBe(true);
      expect(shell).toBe('/bin/bash');
    }
    expect(await person('sam')).toMatchObject({ status: 'suspended', email: 'sam@example.org', email_verified: 0 });
  });

  it('moves the right to administer into the group of administrators, for those who had it and nobody else', async () => {
    for (const [name, administrator] of Object.entries({ root: true, ada: true, olga: false, sam: false })) {
      const { id } = await person(name);
      expect((await standingOf(store.db, id)).administrator, name).toBe(administrator);
    }
    const groups = await store.db.selectFrom('groups').select(['id', 'name', 'gid_number', 'administrator']).execute();
    expect(groups).toHaveLength(2);
    expect(groups).toContainEqual({ ...LDAPUSERS, administrator: 0 });
    expect(groups).toContainEqual({ ...SYSADMINS, administrator: 1 });
  });

  it('keeps what belongs to them: sessions, containers, what they did, sealed secrets', async () => {
    const olga = await person('olga');
    const session = await store.db.selectFrom('sessions').selectAll().where('user_id', '=', olga.id).executeTakeFirst();
    expect(session).toMatchObject({ address: '', second_factor: 0, authenticated_at: 0 });
    const container = await store.db.selectFrom('containers').selectAll().executeTakeFirstOrThrow();
    expect(container).toMatchObject({ hostname: 'web1', owner_id: olga.id, phase: 'ready' });
    const audit = await store.db.selectFrom('audit').selectAll().where('action', '=', 'container.create').execute();
    expect(audit).toHaveLength(1);
    expect(audit[0]).toMatchObject({ user_id: olga.id, via: '', token_id: '' });
    const node = await store.db.selectFrom('nodes').selectAll().executeTakeFirstOrThrow();
    expect(store.secrets.open(node.token_secret_box, `nodes.token_secret:${node.id}`)).toMatch(/^01234567-89ab/);
  });

  it('keeps its domains, which need not be proven', async () => {
    const domains = await store.db.selectFrom('domains').selectAll().execute();
    expect(domains.length).toBeGreaterThan(0);
    for (const { name, claim, verified_at, created_at } of domains) {
      expect(name).toMatch(/^[a-z0-9.-]+$/);
      expect({ claim, verified_at }).toEqual({ claim: name, verified_at: created_at });
    }
  });

  it('goes on from there', async () => {
    const row = { display_name: '', email: null, password_hash: '', status: 'active', created_at: 1 } as const;
    await store.transaction((tx) => insertUser(tx, { ...row, id: 'usr-new', username: 'new' }));
    await store.transaction((tx) =>
      insertGroup(tx, { id: 'grp-new', name: 'new', description: '', administrator: 0, built_in: 0 }),
    );
    expect((await person('new')).uid_number).toBe(2_004);
    const group = await store.db
      .selectFrom('groups')
      .select('gid_number')
      .where('id', '=', 'grp-new')
      .executeTakeFirst();
    expect(group?.gid_number).toBe(2_002);
    expect(await directoryRevision(store.db)).toBe(2);
  });

  it('opened once more stays as it is', async () => {
    const before = await store.db.selectFrom('users').selectAll().orderBy('id').execute();
    await store.close();
    store = await open();
    expect(await store.db.selectFrom('users').selectAll().orderBy('id').execute()).toEqual(before);
  });
});

/** Runs a dump against an empty database, as its engine's own client would. */
async function load(dialect: Dialect, url: string, dump: string): Promise<void> {
  if (dialect === 'sqlite') {
    const database = new SqliteDatabase(url.slice('sqlite:'.length));
    database.exec(dump);
    database.close();
  } else if (dialect === 'postgres') {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(dump).finally(() => client.end());
  } else {
    const connection = await mysql.createConnection({ uri: url, multipleStatements: true });
    await connection.query(dump).finally(() => connection.end());
  }
}
