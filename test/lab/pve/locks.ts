import type { Clock } from '@berth/proto/contract/clock.ts';
import { sleep } from './clock.ts';

interface Waiter {
  grant: () => void;
  granted: boolean;
}

/** Milliseconds a configuration lock is waited for before the caller gives up, as on a real node. */
export const LOCK_TIMEOUT_MS = 10_000;

/** The configuration lock of each container: one holder, waiters in order, and PVE's words when it takes too long. */
export class ConfigLocks {
  readonly #clock: Clock;
  readonly #queues = new Map<number, Waiter[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `body` as the holder of the lock of `vmid`; throws `can't lock file …` after `LOCK_TIMEOUT_MS`. */
  async hold<T>(vmid: number, body: () => Promise<T>): Promise<T> {
    await this.#acquire(vmid);
    try {
      return await body();
    } finally {
      this.#release(vmid);
    }
  }

  async #acquire(vmid: number): Promise<void> {
    const queue = this.#queues.get(vmid);
    if (!queue) {
      this.#queues.set(vmid, []);
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { grant: resolve, granted: false };
    queue.push(waiter);
    const given = new AbortController();
    const expired = sleep(this.#clock, LOCK_TIMEOUT_MS, given.signal);
    await Promise.race([promise, expired]);
    if (!waiter.granted) {
      queue.splice(queue.indexOf(waiter), 1);
      throw new Error(`can't lock file '/run/lock/lxc/pve-config-${vmid}.lock' - got timeout`);
    }
    given.abort();
  }

  #release(vmid: number): void {
    const next = this.#queues.get(vmid)?.shift();
    if (!next) {
      this.#queues.delete(vmid);
      return;
    }
    next.granted = true;
    next.grant();
  }
}
