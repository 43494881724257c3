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
    hears: () => listener.hears,
    close: () => listener.close(),
  };
}

class Listener {
  readonly #options: RelayOptions;
  #client: pg.Client | undefined;
  #closed = false;
  #hears = false;
  #cancelRetry: () => void = () => {};
  #connecting: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Whether the connection stands. */
  get hears(): boolean {
    return this.#hears;
  }

  async connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#options.url, keepAlive: true });
    this.#client = client;
    client.on('notification', ({ payload }) => this.#receive(payload ?? ''));
    client.on('error', this.#options.onError);
    client.once('end', () => this.#ended(client));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.#hears = true;
    } catch (error) {
      this.#client = undefined;
      client.end().catch(this.#options.onError);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  #receive(payload: string): void {
    const space = payload.indexOf(' ');
    if (payload.slice(0, space) === this.#options.origin) return;
    const topic = parseTopic(payload.slice(space + 1));
    if (topic) this.#options.deliver(topic);
  }

  #ended(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#hears = false;
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    this.#cancelRetry();
    this.#cancelRetry = this.#options.clock.after(RECONNECT_MS, () => {
      this.#connecting = this.#reconnect();
    });
  }

  async #reconnect(): Promise<void> {
    try {
      await this.connect();
      await this.#options.onGap();
    } catch (error) {
      this.#options.onError(error);
      this.#reconnectLater();
    }
  }
}
