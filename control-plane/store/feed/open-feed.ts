import { randomUUID } from 'node:crypto';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';
import type { ChangeFeed, Db, DialectName, Topic } from '../store.ts';
import { missedTopics } from './catch-up.ts';
import { LocalFeed } from './local-feed.ts';
import type { Relay } from './topics.ts';

/** The change feed of an open store: this process, and the other replicas where the engine allows for them. */
export interface StoreFeed extends ChangeFeed {
  /** Sends topics to the other replicas as part of a transaction. */
  announce(db: Db, topics: readonly Topic[]): Promise<void>;
  /** Hands a topic to this process alone. */
  deliver(topic: Topic): void;
  close(): Promise<void>;
}

export interface FeedOptions {
  url: string;
  dialect: DialectName;
  db: Kysely<Database>;
  clock: Clock;
  onError(error: unknown): void;
}

/** Opens the feed. @throws when PostgreSQL cannot be listened to */
export async function openFeed(options: FeedOptions): Promise<StoreFeed> {
  const local = new LocalFeed(options.onError);
  const relay = await openRelay(options, local);
  return {
    subscribe: (listener) => local.subscribe(listener),
    deliver: (topic) => local.publish(topic),
    publish(topic) {
      local.publish(topic);
      relay.announce(options.db, [topic]).catch(options.onError);
    },
    check() {
      if (!relay.hears()) throw new Error('what other replicas say is not heard');
    },
    announce: (db, topics) => relay.announce(db, topics),
    close: () => relay.close(),
  };
}

async function openRelay(options: FeedOptions, local: LocalFeed): Promise<Relay> {
  const { url, db, clock, onError } = options;
  const deliver = (topic: Topic) => local.publish(topic);
  const onGap = async () => (await missedTopics(db)).forEach(deliver);
  const origin = randomUUID();
  switch (options.dialect) {
    case 'sqlite':
      return { announce: async () => {}, hears: () => true, close: async () => {} };
    case 'postgres':
      return (await import('./postgres-relay.ts')).openPostgresRelay({ url, origin, clock, deliver, onGap, onError });
    case 'mysql':
      return (await import('./mysql-relay.ts')).openMysqlRelay(db, { origin, clock, deliver, onGap, onError });
  }
}
