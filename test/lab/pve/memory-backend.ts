import type { Clock } from '@berth/proto/contract/clock.ts';
import type { GuestBackend, GuestInterface, GuestSpec, GuestStatus, LogLine } from './backend.ts';
import { sleep, wallClock } from './clock.ts';

// Guests that are only records: thousands of them cost nothing. A lab that wants one of them to do something (take
// an address by DHCP, serve a page) attaches it in `onStart` and takes it away in `onStop`; what the hook learns
// about addresses it writes into `guest.interfaces`, where the API shows it.

/** A guest in memory. `interfaces` may be changed by hooks while it runs. */
export interface MemoryGuest {
  spec: GuestSpec;
  running: boolean;
  pid: number;
  startedAt: number;
  interfaces: GuestInterface[];
}

export type MemoryStep = 'create' | 'start' | 'shutdown' | 'stop' | 'destroy';

export interface MemoryBackendOptions {
  clock?: Clock;
  /** Milliseconds a step takes; 0 when not given. */
  delay?: (step: MemoryStep, vmid: number) => number;
  /** Text of the failure of a step, undefined to let it succeed. */
  failure?: (step: MemoryStep, vmid: number) => string | undefined;
  /** True for guests whose init ignores the request to shut down. */
  ignoresShutdown?: (vmid: number) => boolean;
  onStart?: (guest: MemoryGuest) => Promise<void> | void;
  onStop?: (guest: MemoryGuest) => Promise<void> | void;
}

const FIRST_PID = 6000;

/** Guests in memory, with hooks, delays and failures for tests. */
export class MemoryBackend implements GuestBackend {
  readonly guests = new Map<number, MemoryGuest>();
  readonly #options: MemoryBackendOptions;
  readonly #clock: Clock;
  #nextPid = FIRST_PID;

  constructor(options: MemoryBackendOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
  }

  async create(spec: GuestSpec, log: LogLine): Promise<void> {
    await this.#step('create', spec.vmid);
    log('Detected container architecture: amd64');
    this.#add(spec);
  }

  async start(spec: GuestSpec): Promise<void> {
    await this.#step('start', spec.vmid);
    const guest = this.guests.get(spec.vmid) ?? this.#add(spec);
    guest.spec = spec;
    guest.pid = this.#nextPid++;
    guest.startedAt = this.#clock.now();
    guest.interfaces = describeInterfaces(spec);
    guest.running = true;
    await this.#options.onStart?.(guest);
  }

  async shutdown(vmid: number, timeoutMs: number): Promise<boolean> {
    await this.#step('shutdown', vmid);
    if (this.#options.ignoresShutdown?.(vmid)) {
      await sleep(this.#clock, timeoutMs);
      return false;
    }
    await this.kill(vmid);
    return true;
  }

  async stop(vmid: number): Promise<void> {
    await this.#step('stop', vmid);
    await this.kill(vmid);
  }

  async destroy(vmid: number): Promise<void> {
    await this.#step('destroy', vmid);
    await this.kill(vmid);
    this.guests.delete(vmid);
  }

  async status(vmid: number): Promise<GuestStatus> {
    const guest = this.guests.get(vmid);
    return guest?.running ? { running: true, pid: guest.pid, startedAt: guest.startedAt } : { running: false };
  }

  async interfaces(vmid: number): Promise<GuestInterface[] | undefined> {
    const guest = this.guests.get(vmid);
    return guest?.running ? guest.interfaces : undefined;
  }

  async recover(guests: readonly { spec: GuestSpec; running: boolean }[]): Promise<void> {
    for (const { spec, running } of guests) {
      this.#add(spec);
      if (running) await this.start(spec);
    }
  }

  async close(): Promise<void> {
    for (const vmid of [...this.guests.keys()]) await this.kill(vmid);
  }

  /** Ends a guest's init without any task, as a crash inside it would. */
  async kill(vmid: number): Promise<void> {
    const guest = this.guests.get(vmid);
    if (!guest?.running) return;
    guest.running = false;
    await this.#options.onStop?.(guest);
  }

  #add(spec: GuestSpec): MemoryGuest {
    const guest: MemoryGuest = { spec, running: false, pid: 0, startedAt: 0, interfaces: [] };
    this.guests.set(spec.vmid, guest);
    return guest;
  }

  async #step(step: MemoryStep, vmid: number): Promise<void> {
    const delay = this.#options.delay?.(step, vmid) ?? 0;
    if (delay > 0) await sleep(this.#clock, delay);
    const text = this.#options.failure?.(step, vmid);
    if (text !== undefined) throw new Error(text);
  }
}

function describeInterfaces(spec: GuestSpec): GuestInterface[] {
  const loopback: GuestInterface = { name: 'lo', hwaddr: '00:00:00:00:00:00', addresses: [] };
  return [loopback, ...spec.nets.map(describeNet)];
}

function describeNet(net: GuestSpec['nets'][number]): GuestInterface {
  const hwaddr = net.hwaddr.toLowerCase();
  const addresses: GuestInterface['addresses'] = [{ family: 'inet6', address: linkLocal(hwaddr), prefix: 64 }];
  const [address, prefix] = net.ip.split('/');
  if (address && prefix) addresses.unshift({ family: 'inet', address, prefix: Number(prefix) });
  return { name: net.name, hwaddr, addresses };
}

/** The fe80:: address a kernel derives from a MAC address (RFC 4291, modified EUI-64). */
function linkLocal(hwaddr: string): string {
  const bytes = hwaddr.split(':').map((byte) => Number.parseInt(byte, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return `fe80::${groups.map((group) => group.toString(16)).join(':')}`;
}
