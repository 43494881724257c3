/** One network interface of a guest, as its configuration asks for it. */
export interface GuestNet {
  /** Name inside the guest, for example `eth0`. */
  name: string;
  /** Bridge on the node. */
  bridge: string;
  /** Upper-case MAC address. */
  hwaddr: string;
  /** `dhcp`, `manual` or an IPv4 address with prefix length. */
  ip: string;
  gateway?: string;
}

/** All that a backend needs to make or to start a guest. */
export interface GuestSpec {
  vmid: number;
  node: string;
  hostname: string;
  /** Volume id of the template it is made from. */
  template: string;
  cores: number;
  memoryMb: number;
  diskGb: number;
  nets: GuestNet[];
  env: Record<string, string>;
  entrypoint?: string;
}

/** What is true of a guest at this moment, whatever anybody asked for. */
export interface GuestStatus {
  running: boolean;
  /** Process id of its init, when it runs. */
  pid?: number;
  /** Milliseconds since the epoch at which it started, when it runs. */
  startedAt?: number;
}

export interface GuestAddress {
  family: 'inet' | 'inet6';
  address: string;
  prefix: number;
}

/** One interface as seen inside a running guest. */
export interface GuestInterface {
  name: string;
  hwaddr: string;
  addresses: GuestAddress[];
}

/** A line for the log of the running task. */
export type LogLine = (line: string) => void;

/**
 * Where the guests of a simulated node really are. Every method throws an Error whose message becomes the exit
 * status of the task; stop and destroy of what is not there succeed.
 */
export interface GuestBackend {
  /** Makes the guest's root from its template; leaves nothing behind when it fails. */
  create(spec: GuestSpec, log: LogLine): Promise<void>;
  /** Starts the guest with what its configuration says now. */
  start(spec: GuestSpec): Promise<void>;
  /** Asks the guest's init to end; false when it has not within `timeoutMs`. */
  shutdown(vmid: number, timeoutMs: number): Promise<boolean>;
  stop(vmid: number): Promise<void>;
  destroy(vmid: number): Promise<void>;
  status(vmid: number): Promise<GuestStatus>;
  /** Interfaces of a running guest, undefined when it does not run. */
  interfaces(vmid: number): Promise<GuestInterface[] | undefined>;
  /** After a restart of the simulator: the guests it knew, and whether each was running. */
  recover(guests: readonly { spec: GuestSpec; running: boolean }[]): Promise<void>;
  /** Ends the backend; with `destroy` it takes all its guests away first. */
  close(options: { destroy: boolean }): Promise<void>;
}
