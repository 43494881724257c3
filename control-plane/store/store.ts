/**
 * The store: one place for state, on SQLite, PostgreSQL or MySQL/MariaDB. Queries live in one file per resource
 * beside this one and take a `Tx` or the plain database; whoever writes does so in `transaction`, which also collects
 * the nudges that the change feed sends once it has committed.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from './schema.ts';
import type { SecretBox } from './secrets.ts';

/** The engines there are. */
export type DialectName = 'sqlite' | 'postgres' | 'mysql';

/** Something moved; says what, never how: readers look themselves. Lost or doubled topics are harmless. */
export type Topic =
  | { kind: 'site'; id: string }
  | { kind: 'agent'; id: string }
  | { kind: 'operation'; id: string }
  | { kind: 'container'; id: string }
  /** Sessions, tokens or factors of a person; `id` is the person's. */
  | { kind: 'user'; id: string }
  /** The directory as a whole; `id` is empty. */
  | { kind: 'directory'; id: string }
  /** A domain, whom it was given to, or its certificates. */
  | { kind: 'domain'; id: string }
  /** There are public records to be made, changed or taken away; `id` is empty. */
  | { kind: 'dns'; id: string }
  /** There is mail to send; `id` is empty. */
  | { kind: 'mail'; id: string };

/** Tells everybody who listens, in this process and in other replicas, that something moved. */
export interface ChangeFeed {
  /** @returns the function that ends the subscription. */
  subscribe(listener: (topic: Topic) => void): () => void;
  publish(topic: Topic): void;
  /** Looks whether topics of other replicas are heard. @throws when not */
  check(): void;
}

/** A database to read from: inside or outside a transaction. */
export type Db = Kysely<Database> | Transaction<Database>;

/** A transaction under way. */
export interface Tx {
  readonly db: Transaction<Database>;
  /** Milliseconds since the epoch, the same throughout the transaction. */
  readonly now: number;
  readonly secrets: SecretBox;
  /** Sends a topic once this transaction has committed. */
  nudge(topic: Topic): void;
}

/** Connections of a pool. */
export interface PoolState {
  used: number;
  /** Not known of every engine. */
  idle?: number;
  /** Callers that wait for one; not known of every engine. */
  waiting?: number;
}

/** The open store. */
export interface Store {
  readonly dialect: DialectName;
  readonly db: Kysely<Database>;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly feed: ChangeFeed;
  /** The connections there are; undefined where the engine has no pool. */
  readonly pool: (() => PoolState) | undefined;
  /**
   * Runs `work` in one transaction; runs it again when the engine asks for that (deadlock, serialisation failure,
   * busy), so it must do nothing but talk to the database.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
