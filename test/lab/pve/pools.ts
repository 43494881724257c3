import { failure } from './pve-error.ts';
import type { State } from './state.ts';

export interface Pool {
  poolid: string;
  comment?: string;
  vms: number[];
}

/** Resource pools: names for sets of containers. */
export class Pools {
  readonly #state: State;
  readonly #pools = new Map<string, Pool>();

  constructor(state: State) {
    this.#state = state;
    for (const pool of state.all('pools') as Pool[]) this.#pools.set(pool.poolid, pool);
  }

  all(): Pool[] {
    return [...this.#pools.values()];
  }

  poolOf(vmid: number): string | undefined {
    return this.all().find((pool) => pool.vms.includes(vmid))?.poolid;
  }

  must(poolid: string): Pool {
    const pool = this.#pools.get(poolid);
    if (!pool) throw failure(`pool '${poolid}' does not exist`);
    return pool;
  }

  create(poolid: string, comment: string | undefined): void {
    if (this.#pools.has(poolid)) throw failure(`create pool failed: pool '${poolid}' already exists`);
    this.#save({ poolid, vms: [], ...(comment === undefined ? {} : { comment }) });
  }

  /** Adds or takes away members, and changes the comment when one is given. */
  update(poolid: string, change: { comment?: string; vms: readonly number[]; remove: boolean }): void {
    const pool = this.must(poolid);
    const others = pool.vms.filter((vmid) => !change.vms.includes(vmid));
    if (change.comment !== undefined) pool.comment = change.comment;
    pool.vms = change.remove ? others : [...others, ...change.vms];
    this.#save(pool);
  }

  remove(poolid: string): void {
    const pool = this.#pools.get(poolid);
    if (!pool) throw failure(`delete pool failed: pool '${poolid}' does not exist`);
    const [first] = pool.vms;
    if (first !== undefined) throw failure(`delete pool failed: pool '${poolid}' is not empty (contains VM ${first})`);
    this.#pools.delete(poolid);
    this.#state.remove('pools', poolid);
  }

  /** Takes a destroyed container out of its pool. */
  forget(vmid: number): void {
    const poolid = this.poolOf(vmid);
    if (poolid !== undefined) this.update(poolid, { vms: [vmid], remove: true });
  }

  #save(pool: Pool): void {
    this.#pools.set(pool.poolid, pool);
    this.#state.put('pools', pool.poolid, pool);
  }
}
