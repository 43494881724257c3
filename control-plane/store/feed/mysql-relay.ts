import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { RelayOptions } from './postgres-relay.ts';
import { distinct, parseTopic, type Relay, topicKey } from './topics.ts';

const POLL_MS = 150;
/** How far back each look goes: longer than any commit takes, since rows appear in the order of their commits. */
const WINDOW_MS = 15_000;
const KEEP_MS = 60_000;
const POLLS_BETWEEN_PRUNES = 200;
const DATABASE_NOW = sql<number>`floor(unix_timestamp(now(3)) * 1000)`;

/**
 * Carries topics over a table that each replica looks into every 150 ms, for MySQL has nothing that calls. Rows are
 * found by time, not by number: a number taken earlier may be committed later, and would be missed.
 */
export function openMysqlRelay(db: Kysely<Database>, options: Omit<RelayOptions, 'url'>): Relay {
  const poll = new Poll(db, options);
  poll.schedule();
  return {
    async announce(within, topics) {
      if (topics.length === 0) return;
      const rows = topics.map((topic) => ({ topic: topicKey(topic), origin: options.origin, at: DATABASE_NOW }));
      await within.insertInto('nudges').values(rows).execute();
    },
    hears: () => poll.hears,
    close: () => poll.close(),
  };
}

class Poll {
  readonly #db: Kysely<Database>;
  readonly #options: Omit<RelayOptions, 'url'>;
  #seen = new Set<number>();
  #first = true;
  #failed = false;
  #count = 0;
  #closed = false;
  #cancel: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(db: Kysely<Database>, options: Omit<RelayOptions, 'url'>) {
    this.#db = db;
    this.#options = options;
  }

  /** Whether the last look succeeded. */
  get hears(): boolean {
    return !this.#failed;
  }

  schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(POLL_MS, () => {
      this.#running = this.#tick().then(() => this.schedule());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#running;
  }

  async #tick(): Promise<void> {
    try {
      await this.#look();
      if (this.#failed) await this.#options.onGap();
      this.#failed = false;
      if (this.#count++ % POLLS_BETWEEN_PRUNES === 0) await this.#prune();
    } catch (error) {
      // Once an outage, not at every look.
      if (!this.#failed) this.#options.onError(error);
      this.#failed = true;
    }
  }

  async #look(): Promise<void> {
    const rows = await this.#db
      .selectFrom('nudges')
      .select(['id', 'topic'])
      .where('at', '>', sql<number>`${DATABASE_NOW} - ${WINDOW_MS}`)
      .where('origin', '!=', this.#options.origin)
      .orderBy('id')
      .execute();
    const fresh = this.#first ? [] : rows.filter((row) => !this.#seen.has(row.id));
    this.#first = false;
    this.#seen = new Set(rows.map((row) => row.id));
    const topics = fresh.map((row) => parseTopic(row.topic)).filter((topic) => topic !== undefined);
    for (const topic of distinct(topics)) this.#options.deliver(topic);
  }

  async #prune(): Promise<void> {
    await this.#db.deleteFrom('nudges').where('at', '<', sql<number>`${DATABASE_NOW} - ${KEEP_MS}`).execute();
  }
}
