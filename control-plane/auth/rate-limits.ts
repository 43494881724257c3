/**
 * Slows down guessing without locking anybody out who has done nothing.
 *
 * A try is counted before it is judged, so that many at once count as many, under three names:
 *
 * | counted for          | free | then a wait of         | at most | forgets one every |
 * |----------------------|------|------------------------|---------|-------------------|
 * | account from address | 5    | 2 s, doubled each time | 15 min  | 10 min            |
 * | account              | 30   | 1 s, doubled each time | 1 min   | 1 min             |
 * | address              | 100  | 1 s, doubled each time | 1 min   | 6 s               |
 *
 * Where somebody has been right before (account from address, in the last 90 days) only the first line holds: a
 * stranger who guesses at an account slows down other strangers, not its owner at his desk, and a whole office behind
 * one address goes on when one of them forgot his password. A right password takes its own try back from all three and
 * forgets the wrong ones before it from that address. The counts stand in the database: pages, API and every LDAP gateway share them.
 * Who was right here within a day and not wrong since is taken on trust: a right password then writes nothing, so that
 * a hundred people who log in at once do not queue for the database; a wrong one is counted afterwards.
 * An IPv6 address counts by its /64, which is what one subscriber has.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { dropCounts, lockCounts, readCounts, writeCount } from '../store/rate-limits.ts';
import type { Store, Tx } from '../store/store.ts';
import { UniqueViolation } from '../store/violations.ts';

interface Limit {
  free: number;
  baseMs: number;
  capMs: number;
  forgetMs: number;
}

const LIMITS = {
  pair: { free: 5, baseMs: 2_000, capMs: 15 * 60_000, forgetMs: 10 * 60_000 },
  account: { free: 30, baseMs: 1_000, capMs: 60_000, forgetMs: 60_000 },
  address: { free: 100, baseMs: 1_000, capMs: 60_000, forgetMs: 6_000 },
} as const satisfies Record<string, Limit>;

type Kind = keyof typeof LIMITS;
const KINDS = Object.keys(LIMITS) as Kind[];
const ATTEMPTS = 10;
/** How long an address at which somebody was right is known for his, in milliseconds. */
export const KNOWN_MS = 90 * 24 * 3_600_000;

/** And for how long a try of his there is taken on trust. */
const TRUST_MS = 24 * 3_600_000;

/** Who tries what from where. */
export interface Attempt {
  /** What is guessed at, e.g. a login name; it need not exist. */
  account: string;
  address: string;
}

/** Whether a try may be judged. */
export type Admission =
  /** `failures` of this account from this address, this one included; worth an audit row where `notable`. */
  { admitted: true; failures: number; notable: boolean } | { admitted: false; retryAfterMs: number };

/** Tries taken on trust that are still being judged, by account and address. */
const trusted = new WeakMap<Store, Map<string, number>>();

/**
 * Takes a try on trust, uncounted: of somebody who was right here not long ago and has not been wrong since, and of
 * whom not many tries are being judged at this moment.
 * @returns what ends it, to be called when the try is judged; undefined when the try has to be counted first
 */
export async function takeOnTrust(store: Store, attempt: Attempt): Promise<(() => void) | undefined> {
  const { known, pair } = namesOf(attempt);
  const counts = await readCounts(store.db, [known, pair]);
  const seen = counts.get(known);
  if (!seen || counts.has(pair) || seen.updated_at + TRUST_MS <= store.clock.now()) return undefined;
  const judging = trusted.get(store) ?? new Map<string, number>();
  trusted.set(store, judging);
  const before = judging.get(pair) ?? 0;
  if (before >= LIMITS.pair.free) return undefined;
  judging.set(pair, before + 1);
  return () => {
    const left = (judging.get(pair) ?? 1) - 1;
    if (left > 0) judging.set(pair, left);
    else judging.delete(pair);
  };
}

/** Counts a try, unless it has to wait. Call `forgive` when it was right. */
export function admit(store: Store, attempt: Attempt): Promise<Admission> {
  const names = namesOf(attempt);
  return counting(store, async (tx) => {
    const counts = await lockCounts(tx, store.dialect, Object.values(names));
    const seen = counts.get(names.known);
    const isKnown = seen !== undefined && seen.updated_at + KNOWN_MS > tx.now;
    const waits = KINDS.filter((kind) => kind === 'pair' || !isKnown).map((kind) =>
      waitOf(LIMITS[kind], counts.get(names[kind]), tx.now),
    );
    const retryAfterMs = Math.max(...waits);
    if (retryAfterMs > 0) return { admitted: false, retryAfterMs };
    const levels = KINDS.map((kind) => levelOf(LIMITS[kind], counts.get(names[kind]), tx.now) + 1);
    for (const [i, kind] of KINDS.entries()) await writeCount(tx, counts, names[kind], levels[i] ?? 1);
    const [failures = 1] = levels;
    return { admitted: true, failures, notable: (failures & (failures - 1)) === 0 };
  });
}

/** Takes back the count of a try that was right, and remembers its account and address as known. */
export function forgive(store: Store, attempt: Attempt): Promise<void> {
  const names = namesOf(attempt);
  return counting(store, async (tx) => {
    const counts = await lockCounts(tx, store.dialect, Object.values(names));
    for (const kind of ['account', 'address'] as const) {
      const level = levelOf(LIMITS[kind], counts.get(names[kind]), tx.now);
      await writeCount(tx, counts, names[kind], Math.max(0, level - 1));
    }
    await dropCounts(tx, [names.pair]);
    await writeCount(tx, counts, names.known, 0);
  });
}

/** Runs the work again when the same counts are made for the first time elsewhere at this moment. */
async function counting<T>(store: Store, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.transaction(work);
    } catch (error) {
      if (!(error instanceof UniqueViolation) || attempt === ATTEMPTS) throw error;
    }
  }
}

interface Count {
  failures: number;
  updated_at: number;
}

/** What is left of the failures counted. */
function levelOf({ forgetMs }: Limit, count: Count | undefined, now: number): number {
  if (!count) return 0;
  return Math.max(0, count.failures - Math.floor(Math.max(0, now - count.updated_at) / forgetMs));
}

/** Milliseconds still to wait. */
function waitOf(limit: Limit, count: Count | undefined, now: number): number {
  const over = levelOf(limit, count, now) - limit.free;
  if (!count || over < 0) return 0;
  return Math.max(0, count.updated_at + Math.min(limit.capMs, limit.baseMs * 2 ** Math.min(over, 30)) - now);
}

function namesOf({ account, address }: Attempt): Record<Kind | 'known', string> {
  // A hash, so that what people type by mistake (a password in the field of the name) is not kept.
  const who = createHash('sha256').update(account.normalize('NFKC')).digest('hex').slice(0, 32);
  const where = network(address);
  return {
    pair: `pair:${who}:${where}`,
    account: `account:${who}`,
    address: `address:${where}`,
    known: `known:${who}:${where}`,
  };
}

function network(address: string): string {
  if (!isIPv6(address)) return address.slice(0, 64);
  const parts = ipaddr.IPv6.parse(address).parts.slice(0, 4);
  return `${parts.map((part) => part.toString(16)).join(':')}::/64`;
}
