/**
 * How many connections there may be. Whole offices and hundreds of containers come from one address, and after an
 * outage they all come at once: so those who have bound are counted only in all, and of those who have not, the one
 * that has been silent longest makes room for a newcomer, first among those of his own address. Whoever holds
 * connections open to keep others out thus only puts out his own.
 */

/** What is known of a connection here. */
export interface Admitted {
  readonly address: string;
  /** Whether somebody has bound on it. */
  readonly bound: boolean;
  /** When anything came last, in milliseconds since the epoch. */
  readonly heardAt: number;
  destroy(): void;
}

export interface AdmissionLimits {
  /** Connections in all. */
  total: number;
  /** Connections of one address on which nobody has bound. */
  unboundPerAddress: number;
}

/** The connections there are. */
export class Admission<C extends Admitted> {
  readonly #limits: AdmissionLimits;
  readonly #connections = new Set<C>();
  /** In the order of their coming; those that have bound since are left out when they are met. */
  readonly #unbound = new Map<string, Set<C>>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): Iterator<C> {
    return this.#connections.values();
  }

  /** Makes room for a newcomer from an address. @returns false when there is none */
  makeRoom(address: string): boolean {
    const own = this.#unbound.get(address);
    if (own && own.size >= this.#limits.unboundPerAddress) {
      this.#forgetBound(own);
      if (own.size >= this.#limits.unboundPerAddress) this.#putOut(own);
    }
    if (this.#connections.size < this.#limits.total) return true;
    return this.#putOutOfMost();
  }

  add(connection: C): void {
    this.#connections.add(connection);
    const own = this.#unbound.get(connection.address);
    if (own) own.add(connection);
    else this.#unbound.set(connection.address, new Set([connection]));
  }

  remove(connection: C): void {
    this.#connections.delete(connection);
    const own = this.#unbound.get(connection.address);
    own?.delete(connection);
    if (own?.size === 0) this.#unbound.delete(connection.address);
  }

  #forgetBound(own: Set<C>): void {
    for (const connection of own) if (connection.bound) own.delete(connection);
  }

  #putOut(own: Iterable<C>): boolean {
    let quietest: C | undefined;
    for (const each of own) if (!each.bound && (!quietest || each.heardAt < quietest.heardAt)) quietest = each;
    if (!quietest) return false;
    this.remove(quietest);
    quietest.destroy();
    return true;
  }

  /** One of the address that has most of those on which nobody has bound. */
  #putOutOfMost(): boolean {
    let most: Set<C> | undefined;
    for (const own of this.#unbound.values()) {
      this.#forgetBound(own);
      if (!most || own.size > most.size) most = own;
    }
    return most !== undefined && this.#putOut(most);
  }
}
