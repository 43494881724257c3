import type { Db, Topic } from '../store.ts';

/** Carries topics between replicas on one database. */
export interface Relay {
  /** Sends topics to the other replicas; in a transaction they go out when it commits, or never. */
  announce(db: Db, topics: readonly Topic[]): Promise<void>;
  /** Whether what other replicas send is heard now. */
  hears(): boolean;
  /** Ends listening. */
  close(): Promise<void>;
}

const KINDS: readonly string[] = [
  'site',
  'agent',
  'operation',
  'container',
  'user',
  'directory',
  'domain',
  'mail',
  'dns',
] satisfies Topic['kind'][];

/** One string for a topic, to tell equal ones. */
export function topicKey(topic: Topic): string {
  return `${topic.kind}/${topic.id}`;
}

/** Reads what `topicKey` wrote; undefined when it is of a kind that only a newer version knows. */
export function parseTopic(key: string): Topic | undefined {
  const slash = key.indexOf('/');
  const kind = key.slice(0, slash);
  return KINDS.includes(kind) ? { kind: kind as Topic['kind'], id: key.slice(slash + 1) } : undefined;
}

/** Each topic once, in the order of their first appearance. */
export function distinct(topics: readonly Topic[]): Topic[] {
  return [...new Map(topics.map((topic) => [topicKey(topic), topic])).values()];
}
