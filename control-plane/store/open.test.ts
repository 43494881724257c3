import { randomBytes } from 'node:crypto';
import { describeEachDialect, testDatabases } from '@berth/test/support/database-each.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { NewRow } from './schema.ts';
import type { Store, Topic } from './store.ts';
import { PRIMARY, ReferenceViolation, UniqueViolation } from './violations.ts';

const KEY = randomBytes(32);

let uidNumber = 2_000;

function user(id: string, username = id): NewRow<'users'> {
  const row = { id, username, uid_number: uidNumber++, display_name: '', password_hash: '', created_at: 1 };
  return { ...row, status: 'active' };
}

describeEachDialect('store', (create) => {
  const open: Store[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.close()));
  });

  async function fresh(url?: string): Promise<Store> {
    const store = await openStore({ url: url ?? (await create()).url, masterKey: KEY });
    open.push(store);
    return store;
  }

  it('migrates once when two replicas start together', async () => {
    const { url } = await create();
    const [one, two] = await Promise.all([fresh(url), fresh(url)]);
    await one.db.insertInto('users').values(user('usr-1')).execute();
    expect(await two.db.selectFrom('users').select('id').execute()).toEqual([{ id: 'usr-1' }]);
  });

  it('goes on with a migration that was killed after its last step', async () => {
    const { url } = await create();
    const { db, dialect } = await fresh(url);
    // Where tables and record are one transaction, a killed migration leaves nothing, and there is nothing to go on with.
    if (dialect === 'mysql') await sql`delete from kysely_migration`.execute(db);
    const again = await fresh(url);
    expect(await again.db.selectFrom('users').selectAll().execute()).toEqual([]);
  });

  it('refuses another key than the one secrets are sealed with', async () => {
    const { url } = await create();
    await fresh(url);
    await expect(openStore({ url, masterKey: randomBytes(32) })).rejects.toThrow('key for secrets');
  });

  it('reads times and counters as numbers and bytes as they were', async () => {
    const { db } = await fresh();
    const at = 1_700_000_000_123;
    const secret_box = new Uint8Array([0, 255, 39, 92, 0]);
    await db.insertInto('settings').values({ name: 'a', value: 'ä"\'\\', secret_box, updated_at: at }).execute();
    const row = await db.selectFrom('settings').selectAll().where('name', '=', 'a').executeTakeFirstOrThrow();
    expect(row.updated_at).toBe(at);
    expect(row.value).toBe('ä"\'\\');
    expect(Buffer.from(row.secret_box ?? [])).toEqual(Buffer.from(secret_box));
    const { fn } = db;
    const count = await db.selectFrom('settings').select(fn.countAll<number>().as('n')).executeTakeFirstOrThrow();
    expect(count.n).toBe(2);
    const sum = await db.selectFrom('settings').select(fn.sum<number>('updated_at').as('n')).executeTakeFirstOrThrow();
    expect(typeof sum.n).toBe('number');
  });

  it('compares names exactly', async () => {
    const { db } = await fresh();
    await db
      .insertInto('users')
      .values([user('usr-1', 'ada'), user('usr-2', 'Ada'), user('usr-3', 'ädá')])
      .execute();
    expect(await db.selectFrom('users').select('id').where('username', '=', 'ada').execute()).toHaveLength(1);
  });

  it('refuses what is too long instead of cutting it off, where the engine knows lengths', async () => {
    const store = await fresh();
    const insert = store.db
      .insertInto('users')
      .values(user('usr-1', 'x'.repeat(65)))
      .execute();
    if (store.dialect === 'sqlite') await insert;
    else await expect(insert).rejects.toThrow();
  });

  it('counts matched rows of an update that changes nothing', async () => {
    const { db } = await fresh();
    await db.insertInto('users').values(user('usr-1')).execute();
    const result = await db.updateTable('users').set({ display_name: '' }).where('id', '=', 'usr-1').executeTakeFirst();
    expect(result.numUpdatedRows).toBe(1n);
  });

  describe('transaction', () => {
    it('takes everything back on an error and sends no nudge', async () => {
      const store = await fresh();
      const heard: Topic[] = [];
      store.feed.subscribe((topic) => heard.push(topic));
      const work = store.transaction(async (tx) => {
        await tx.db.insertInto('users').values(user('usr-1')).execute();
        tx.nudge({ kind: 'site', id: 'sit-1' });
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await store.db.selectFrom('users').selectAll().execute()).toEqual([]);
      expect(heard).toEqual([]);
    });

    it('names the unique constraint that a row breaks', async () => {
      const store = await fresh();
      await store.db.insertInto('users').values(user('usr-1', 'ada')).execute();
      const insert = (row: NewRow<'users'>) =>
        store.transaction((tx) => tx.db.insertInto('users').values(row).execute()).catch((error) => error);
      const byName = await insert(user('usr-2', 'ada'));
      expect(byName).toBeInstanceOf(UniqueViolation);
      expect(byName.constraint).toBe('users_username');
      expect((await insert(user('usr-1', 'bob'))).constraint).toBe(PRIMARY);
      const at = { cluster: 'c', vmid: 100, seen_at: 1 };
      await store.db.insertInto('foreign_vmids').values(at).execute();
      const pair = store.transaction((tx) => tx.db.insertInto('foreign_vmids').values(at).execute());
      expect(await pair.catch((error) => error.constraint)).toBe(PRIMARY);
    });

    it('tells a reference that does not hold', async () => {
      const store = await fresh();
      const insert = store.transaction((tx) =>
        tx.db
          .insertInto('domains')
          .values({ id: 'dom-1', site_id: 'sit-none', name: 'apps.lab', claim: 'apps.lab', created_at: 1 })
          .execute(),
      );
      await expect(insert).rejects.toBeInstanceOf(ReferenceViolation);
    });

    it('refuses use of the store past the transaction', async () => {
      const store = await fresh();
      const past = store.transaction(() => store.db.selectFrom('users').selectAll().execute());
      await expect(past).rejects.toThrow('past the transaction');
      const nested = store.transaction(() => store.transaction(async () => 1));
      await expect(nested).rejects.toThrow('past the transaction');
    });

    it('loses no update when many count at once', async () => {
      const store = await fresh();
      await store.db
        .insertInto('settings')
        .values({ name: 'n', value: '0', secret_box: null, updated_at: 0 })
        .execute();
      const add = () =>
        store.transaction((tx) =>
          tx.db
            .updateTable('settings')
            .set((eb) => ({ updated_at: eb('updated_at', '+', 1) }))
            .where('name', '=', 'n')
            .execute(),
        );
      await Promise.all(Array.from({ length: 50 }, add));
      const row = await store.db.selectFrom('settings').select('updated_at').where('name', '=', 'n').executeTakeFirst();
      expect(row?.updated_at).toBe(50);
    });

    it('runs again after a deadlock', async () => {
      const store = await fresh();
      await store.db
        .insertInto('users')
        .values([user('usr-1'), user('usr-2')])
        .execute();
      const rename = (id: string, to: string) => ({ id, to });
      const both = (first: ReturnType<typeof rename>, second: ReturnType<typeof rename>) =>
        store.transaction(async (tx) => {
          for (const { id, to } of [first, second]) {
            await tx.db.updateTable('users').set({ display_name: to }).where('id', '=', id).execute();
          }
        });
      const pairs = Array.from({ length: 4 }, (_, i) =>
        i % 2 === 0
          ? both(rename('usr-1', `${i}`), rename('usr-2', `${i}`))
          : both(rename('usr-2', `${i}`), rename('usr-1', `${i}`)),
      );
      await Promise.all(pairs);
      const names = await store.db.selectFrom('users').select('display_name').execute();
      expect(new Set(names.map((row) => row.display_name)).size).toBe(1);
    });
  });

  it('tells this process of each topic once, after the commit', async () => {
    const store = await fresh();
    const heard: Topic[] = [];
    const stop = store.feed.subscribe((topic) => heard.push(topic));
    const nudge = () =>
      store.transaction(async (tx) => {
        tx.nudge({ kind: 'site', id: 'sit-1' });
        tx.nudge({ kind: 'site', id: 'sit-1' });
        tx.nudge({ kind: 'agent', id: 'agt-1' });
      });
    await nudge();
    expect(heard).toEqual([
      { kind: 'site', id: 'sit-1' },
      { kind: 'agent', id: 'agt-1' },
    ]);
    stop();
    await nudge();
    expect(heard).toHaveLength(2);
  });
});

const shared = testDatabases().filter(({ dialect }) => dialect !== 'sqlite');

describe.each(shared)('change feed between replicas on $dialect', ({ create, dialect }) => {
  it('carries topics of transactions and of publish, and not its own twice', async () => {
    const database = await create();
    const one = await openStore({ url: database.url, masterKey: KEY });
    const two = await openStore({ url: database.url, masterKey: KEY });
    const heardByOne: string[] = [];
    const heardByTwo: string[] = [];
    one.feed.subscribe((topic) => heardByOne.push(topic.id));
    two.feed.subscribe((topic) => heardByTwo.push(topic.id));
    await waitFor(async () => {
      one.feed.publish({ kind: 'site', id: 'warm' });
      return heardByTwo.includes('warm');
    });
    heardByOne.length = 0;
    await one.transaction(async (tx) => tx.nudge({ kind: 'site', id: 'sit-1' }));
    one.feed.publish({ kind: 'operation', id: 'opn-1' });
    await waitFor(() => heardByTwo.includes('sit-1') && heardByTwo.includes('opn-1'), { timeoutMs: 2_000 });
    two.feed.publish({ kind: 'agent', id: 'agt-2' });
    await waitFor(() => heardByOne.includes('agt-2'));
    expect(heardByOne).toEqual(['sit-1', 'opn-1', 'agt-2']);
    await Promise.all([one.close(), two.close()]);
    await database.drop();
  });

  it('hears again after its connections were cut, and catches up where topics may be lost', async () => {
    const database = await create();
    const errors: unknown[] = [];
    const options = { masterKey: KEY, onError: (error: unknown) => errors.push(error) };
    const store = await openStore({ url: database.url, ...options });
    await seedSite(store);
    const heard: string[] = [];
    store.feed.subscribe((topic) => heard.push(topic.id));
    const server = await openStore({ url: database.url, ...options });
    await cutConnections(server);
    // MySQL's rows outlive the connection, so there is nothing to catch up with.
    const missed = dialect === 'postgres';
    await waitFor(() => !missed || (errors.length > 0 && heard.includes('sit-1')), { what: 'the catch-up' });
    await waitFor(async () => {
      server.feed.publish({ kind: 'container', id: 'ctr-1' });
      return heard.includes('ctr-1');
    });
    await Promise.all([store.close(), server.close()]);
    await database.drop();
  });
});

/** Ends every other connection to this database, as a restart of the server or of a firewall would. */
async function cutConnections({ db, dialect }: Store): Promise<void> {
  if (dialect === 'postgres') {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid != pg_backend_pid()`.execute(db);
    return;
  }
  const { rows } = await sql<{ id: number }>`select id from information_schema.processlist
    where db = database() and id != connection_id()`.execute(db);
  for (const { id } of rows) await sql`kill ${sql.lit(id)}`.execute(db);
}
