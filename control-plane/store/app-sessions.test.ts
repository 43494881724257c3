import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openSession } from '../auth/sessions.ts';
import {
  appSessionState,
  appSessionsOf,
  deleteAppSession,
  insertAppCode,
  openAppSession,
  pruneAppCodes,
  takeAppCode,
  touchAppSession,
} from './app-sessions.ts';
import { bumpDirectory, directoryRevision } from './directory-changes.ts';
import { openStore } from './open.ts';
import { sampleContainer, seedSite } from './sample-rows.ts';
import { insertServices } from './services.ts';
import { endSessions } from './sessions.ts';
import type { Store } from './store.ts';

const HOST = 'wiki.apps.lab';

describeEachDialect('sessions of apps', (create) => {
  const clock = new VirtualClock();
  let store: Store;
  const userId = sampleContainer(1).owner_id;
  let sessionId: string;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1), clock });
    await seedSite(store);
    await store.db.insertInto('containers').values(sampleContainer(1)).execute();
    await store.transaction(async (tx) => {
      const place = { container_id: sampleContainer(1).id, site_id: 'sit-1', internal_port: 80, backend_tls: 0 };
      const service = { id: 'svc-1', kind: 'http' as const, created_at: 1, options: '{"gzip":true}', ...place };
      await insertServices(tx, [{ ...service, domain_id: null, external_port: null, names: [] }]);
    });
  });
  beforeEach(async () => {
    await store.transaction(async (tx) => {
      await endSessions(tx, userId);
      await openSession(tx, userId, { userAgent: '', address: '' });
    });
    const session = await store.db.selectFrom('sessions').select('id').executeTakeFirstOrThrow();
    sessionId = session.id;
  });
  afterAll(() => store.close());

  const open = (host = HOST) => store.transaction((tx) => openAppSession(tx, { sessionId, userId, host }));
  const listed = (limit = 10, after?: string) =>
    appSessionsOf(store.db, userId, { now: clock.now(), idleMs: 1_000_000, after, limit });

  it('are read with all that decides whether they go on, by one query', async () => {
    const id = await open();
    await store.transaction((tx) => bumpDirectory(tx, 'user', userId));
    const state = await appSessionState(store.db, id, 'svc-1');
    expect(state).toMatchObject({ id, host: HOST, session_id: sessionId, user_id: userId });
    expect(state).toMatchObject({ status: 'active', container_id: sampleContainer(1).id, options: '{"gzip":true}' });
    expect(state?.directory_revision).toBe(await directoryRevision(store.db));
    expect(state?.expires_at).toBeGreaterThan(clock.now());
    expect(await appSessionState(store.db, id, 'svc-none')).toMatchObject({ id, container_id: null, options: null });
    expect(await appSessionState(store.db, 'aps-none', 'svc-1')).toBeUndefined();
  });

  it('are one a host and Berth session, and end with it or by themselves', async () => {
    const [first, other] = [await open(), await open('notes.apps.lab')];
    const second = await open();
    expect(await appSessionState(store.db, first, '')).toBeUndefined();
    await clock.advance(1_000);
    await store.transaction((tx) => touchAppSession(tx, second, sessionId));
    expect((await appSessionState(store.db, second, ''))?.last_seen_at).toBe(clock.now());
    expect((await appSessionState(store.db, second, ''))?.last_used_at).toBe(clock.now());
    expect((await listed()).map(({ id }) => id)).toEqual([second, other].sort().reverse());
    const [newest] = await listed(1);
    expect(await listed(10, newest?.id)).toHaveLength(1);
    await store.transaction((tx) => deleteAppSession(tx, second));
    expect((await listed()).map(({ id }) => id)).toEqual([other]);
    await store.transaction((tx) => endSessions(tx, userId));
    expect(await appSessionState(store.db, other, '')).toBeUndefined();
  });

  it('begin with a code that is taken once, in time, while its session lives', async () => {
    const keep = (code_hash: string) =>
      store.transaction((tx) => {
        const whose = { session_id: sessionId, user_id: userId, host: HOST, state_hash: 's' };
        return insertAppCode(tx, { code_hash, ...whose, expires_at: tx.now + 60_000 });
      });
    const take = (code: string) => store.transaction((tx) => takeAppCode(tx, code));
    await keep('one');
    const both = await Promise.all([take('one'), take('one')]);
    expect(both.filter((row) => row?.host === HOST)).toHaveLength(1);
    await keep('late');
    await keep('pruned');
    await clock.advance(60_000);
    expect(await take('late')).toBeUndefined();
    await store.transaction((tx) => pruneAppCodes(tx));
    expect(await store.db.selectFrom('app_sign_in_codes').select('id').execute()).toEqual([]);
    await keep('orphan');
    await store.transaction((tx) => endSessions(tx, userId));
    expect(await take('orphan')).toBeUndefined();
  });
});
