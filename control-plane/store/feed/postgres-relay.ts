import type { Clock } from '@berth/proto/contract/clock.ts';
import { sql } from 'kysely';
import pg from 'pg';
import type { Db, Topic } from '../store.ts';
import { parseTopic, type Relay, topicKey } from './topics.ts';

const CHANNEL = 'berth';
const RECONNECT_MS = 1_000;

/** What a relay gives to and takes from its surroundings. */
export interface RelayOptions {
  url: string;
  /** Tells this replica's own announcements from the others'. */
  origin: string;
  clock: Clock;
  deliver(topic: Topic): void;
  /** Called after the link has been down: topics may have been lost. */
  onGap(): Promise<void>;
  onError(error: unknown): void;
}

/**
 * Carries topics over LISTEN/NOTIFY on a connection of its own, and makes it anew when it breaks.
 * @throws when the first connection fails
 */
export async function openPostgresRelay(options: RelayOptions): Promise<Relay> {
  const listener = new Listener(options);
  await listener.connect();
  return {
    async announce(db: Db, topics) {
      for (const topic of topics) {
        await sql`select pg_notify(${CHANNEL}, ${`${options.origin} ${topicKey(topic)}`})`.execute(db);
      }
    },
    close: () => listener.close(),
  };
}

class Listener {
  readonly #options: RelayOptions;
  #client: pg.Client | undefined;
  #closed = false;
  #cancelRetry: () => void = () => {};

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  async connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#options.url, keepAlive: true });
    client.on('notification', ({ payload }) => this.#receive(payload ?? ''));
    client.on('error', this.#options.onError);
    client.once('end', () => this.#reconnectLater());
    this.#client = client;
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    await this.#client?.end();
  }

  #receive(payload: string): void {
    const space = payload.indexOf(' ');
    if (payload.slice(0, space) === this.#options.origin) return;
    const topic = parseTopic(payload.slice(space + 1));
    if (topic) this.#options.deliver(topic);
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    this.#cancelRetry();
    this.#cancelRetry = this.#options.clock.after(RECONNECT_MS, () => {
      this.connect()
        .then(() => this.#options.onGap())
        .catch((error) => this.#retry(error));
    });
  }

  #retry(error: unknown): void {
    if (this.#closed) return;
    this.#options.onError(error);
    this.#reconnectLater();
  }
}
