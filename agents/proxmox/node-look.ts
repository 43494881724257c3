import { CommandFailureCode, type GuestStatus } from '@berth/proto/agent/v1/command_pb.js';
import type { Guest } from '@berth/proto/agent/v1/resource_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { configAnswer, type GuestCurrent, guestsAnswer, permissionsAnswer } from './answers.ts';
import type { PveApi } from './client.ts';
import { PveFailure } from './failure.ts';
import { missingStatus, readAddresses, readStatus, toStatus } from './guest-status.ts';
import { macOf, nodeOf, placeOf } from './locate.ts';
import type { NodeSet } from './nodes.ts';

/** Addresses seldom change while a guest runs, and each reading costs PVE a process; milliseconds. */
const ADDRESSES_GOOD_FOR_MS = 60_000;

/** Looks at one node's guests; what it has learnt about a guest it does not ask twice. */
export class NodeLook {
  readonly #nodes: NodeSet;
  readonly #node: string;
  readonly #clock: Clock;
  /** The name under which a guest was found to be ours, by VMID and MAC. */
  #proven = new Map<string, string | undefined>();
  #addresses = new Map<number, { addresses: string[]; readAt: number; uptime: number }>();

  constructor(nodes: NodeSet, node: string, clock: Clock) {
    this.#nodes = nodes;
    this.#node = node;
    this.#clock = clock;
  }

  /** The status of each of these guests now. @throws PveFailure when the node cannot be asked or hides its guests */
  async read(guests: readonly Guest[]): Promise<GuestStatus[]> {
    const client = this.#nodes.client(this.#node);
    const listed = await client.get(`/nodes/${encodeURIComponent(this.#node)}/lxc`, guestsAnswer);
    const rows = new Map(listed.map((row) => [row.vmid, row]));
    return Promise.all(guests.map((guest) => this.#readOne(client, guest, rows.get(guest.vmid))));
  }

  async #readOne(client: PveApi, guest: Guest, row: GuestCurrent | undefined): Promise<GuestStatus> {
    const key = `${guest.vmid} ${guest.mac}`;
    if (!row) {
      this.#proven.delete(key);
      return this.#readElsewhere(client, guest);
    }
    // Nothing but the lock shows while it is being created.
    if (row.lock === 'create') return toStatus(this.#node, row, []);
    if (!this.#proven.has(key) || this.#proven.get(key) !== row.name) {
      const { path } = placeOf(client, this.#node, guest.vmid);
      const config = await client.get(`${path}/config`, configAnswer);
      if (macOf(config.net0) !== guest.mac.toLowerCase()) return missingStatus(this.#node, guest.vmid);
      this.#proven.set(key, row.name);
    }
    return toStatus(this.#node, row, row.status === 'running' ? await this.#addressesOf(client, row) : []);
  }

  /** A guest that is not on its node has moved, or is hidden from the token, or is gone; only the last is "missing". */
  async #readElsewhere(client: PveApi, guest: Guest): Promise<GuestStatus> {
    const path = `/vms/${guest.vmid}`;
    const permissions = await client.get('/access/permissions', permissionsAnswer, { path });
    if (!permissions[path] || !('VM.Audit' in permissions[path])) {
      const message = `the token lacks VM.Audit on ${path}, so it cannot be told whether the container is there`;
      throw new PveFailure(CommandFailureCode.PERMISSION, message);
    }
    const node = await nodeOf(client, guest.vmid);
    if (node === undefined || node === this.#node) return missingStatus(this.#node, guest.vmid);
    const place = placeOf(this.#nodes.clientFor(node, this.#node), node, guest.vmid);
    const config = await place.client.get(`${place.path}/config`, configAnswer);
    const ours = macOf(config.net0) === guest.mac.toLowerCase();
    return ours ? readStatus(place) : missingStatus(this.#node, guest.vmid);
  }

  async #addressesOf(client: PveApi, row: GuestCurrent): Promise<string[]> {
    const now = this.#clock.now();
    const uptime = row.uptime ?? 0;
    const known = this.#addresses.get(row.vmid);
    const good = known && known.addresses.length > 0 && uptime >= known.uptime;
    if (good && now - known.readAt < ADDRESSES_GOOD_FOR_MS) return known.addresses;
    const addresses = await readAddresses(placeOf(client, this.#node, row.vmid));
    this.#addresses.set(row.vmid, { addresses, readAt: now, uptime });
    return addresses;
  }
}
