import { type Clock, systemClock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { Kysely } from 'kysely';
import { readConstraintNames } from './constraint-names.ts';
import { dialectOf, type OpenDialect } from './dialect.ts';
import { openFeed } from './feed/open-feed.ts';
import { checkMasterKey } from './master-key-check.ts';
import { migrate } from './migrate.ts';
import { type EndedQuery, queryLog } from './query-log.ts';
import type { Database } from './schema.ts';
import { createSecretBox } from './secrets.ts';
import type { DialectName, Store } from './store.ts';
import { outsideTransactions, transactions } from './transaction.ts';

export interface StoreOptions {
  /** `sqlite:/path`, `sqlite::memory:`, `postgres://…`, `mysql://…` */
  url: string;
  /** At least 32 bytes, from a file outside the database. */
  masterKey: Uint8Array;
  clock?: Clock;
  random?: Random;
  /** Takes errors nobody waits for: of idle connections, of the feed's background work, of its listeners. */
  onError?: (error: unknown) => void;
  /** Told of each statement that has ended. */
  onQuery?: ((query: EndedQuery) => void) | undefined;
}

/**
 * Opens the store: connects, migrates under a lock, checks the key for secrets, and starts the change feed.
 * @throws when the engine cannot be reached, a migration fails, or the key is not the one secrets were sealed with
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, clock = systemClock, random = Math.random, onError = raise } = options;
  const { name, dialect, pool } = await dialectOf(url, onError);
  const { onQuery } = options;
  const db = new Kysely<Database>({ dialect, ...(onQuery && { log: queryLog(onQuery) }) });
  try {
    await migrate(db, name);
    return await started({ url, clock, random, onError, name, db, pool, masterKey: options.masterKey });
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

interface Opened extends Required<Omit<StoreOptions, 'onQuery'>> {
  name: DialectName;
  pool: OpenDialect['pool'];
  db: Kysely<Database>;
}

async function started({ url, clock, random, onError, name, db, pool, masterKey }: Opened): Promise<Store> {
  const secrets = createSecretBox(masterKey);
  await checkMasterKey(db, secrets, clock.now());
  const constraintNames = await readConstraintNames(db, name);
  const feed = await openFeed({ url, dialect: name, db, clock, onError });
  return {
    dialect: name,
    pool,
    db: db.withPlugin(outsideTransactions),
    secrets,
    clock,
    feed,
    transaction: transactions({ db, dialect: name, feed, clock, random, constraintNames, secrets }),
    async close() {
      await feed.close();
      await db.destroy();
    },
  };
}

/** Without a better place an error of the background ends the process, rather than being swallowed. */
function raise(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
