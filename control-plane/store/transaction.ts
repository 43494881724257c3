import { AsyncLocalStorage } from 'node:async_hooks';
import { fullJitter } from '@berth/proto/contract/backoff.ts';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { Kysely, KyselyPlugin } from 'kysely';
import type { StoreFeed } from './feed/open-feed.ts';
import { distinct } from './feed/topics.ts';
import type { Database } from './schema.ts';
import type { SecretBox } from './secrets.ts';
import type { DialectName, Topic, Tx } from './store.ts';
import { asViolation, type ConstraintNames, isTransient } from './violations.ts';

const ATTEMPTS = 10;
const BACKOFF = { baseMs: 5, capMs: 200 };

const underWay = new AsyncLocalStorage<{ open: boolean }>();

export interface TransactionOptions {
  db: Kysely<Database>;
  dialect: DialectName;
  feed: StoreFeed;
  clock: Clock;
  random: Random;
  constraintNames: ConstraintNames;
  secrets: SecretBox;
}

/**
 * Makes the store's `transaction`. It runs the work again on deadlocks, serialisation failures and a busy file, up to
 * ten times; turns the engine's words into violations; and tells the feed of this process after the commit.
 */
export function transactions(options: TransactionOptions): <T>(work: (tx: Tx) => Promise<T>) => Promise<T> {
  return async (work) => {
    refuseNested();
    for (let attempt = 0; ; attempt++) {
      try {
        return await runOnce(options, work);
      } catch (error) {
        if (attempt + 1 >= ATTEMPTS || !isTransient(error, options.dialect)) {
          throw asViolation(error, options.dialect, options.constraintNames);
        }
        await delay(options.clock, fullJitter(BACKOFF, attempt, options.random));
      }
    }
  };
}

async function runOnce<T>(options: TransactionOptions, work: (tx: Tx) => Promise<T>): Promise<T> {
  const scope = { open: true };
  const nudged: Topic[] = [];
  try {
    const result = await underWay.run(scope, () =>
      options.db.transaction().execute(async (db) => {
        const now = options.clock.now();
        const done = await work({ db, now, secrets: options.secrets, nudge: (topic) => nudged.push(topic) });
        await options.feed.announce(db, distinct(nudged));
        return done;
      }),
    );
    scope.open = false;
    for (const topic of distinct(nudged)) options.feed.deliver(topic);
    return result;
  } finally {
    scope.open = false;
  }
}

/**
 * Refuses queries past the transaction under way. On SQLite such a query would wait for ever for the one connection;
 * on the others it would not see what the transaction wrote. A mistake of ours in either case, so it fails at once.
 */
export const outsideTransactions: KyselyPlugin = {
  transformQuery({ node }) {
    refuseNested();
    return node;
  },
  transformResult: async ({ result }) => result,
};

function refuseNested(): void {
  if (underWay.getStore()?.open) throw new Error('the store was used past the transaction under way; use tx.db');
}
