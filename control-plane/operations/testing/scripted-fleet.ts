import {
  type Command,
  CommandFailureCode,
  type CommandResult,
  CommandResultSchema,
  type GuestRef,
  ProbeReach,
} from '@berth/proto/agent/v1/command_pb.js';
import { PowerState } from '@berth/proto/agent/v1/resource_pb.js';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { commandMessage, openCommands, recordCommandResult } from '../../store/commands.ts';
import type { Row } from '../../store/schema.ts';
import { siteRevision } from '../../store/site-changes.ts';
import type { Store } from '../../store/store.ts';

/** What a script makes of a command; undefined leaves it unanswered. */
export type Outcome = MessageInitShape<typeof CommandResultSchema>['outcome'];

/** Answers instead of the usual one when it returns something; "silence" leaves the command open. */
export type Script = (task: Command['task']) => Outcome | 'silence' | undefined;

/**
 * The agents' side of a site for tests of operations: runs every generation, keeps a set of guests, and gives a
 * started guest its reserved address. It does at once and in order what real agents do in their own time.
 */
export class ScriptedFleet {
  readonly guests = new Map<number, { ref: GuestRef; running: boolean }>();
  readonly answered: string[] = [];
  /** VMIDs of guests that are not ours. */
  readonly foreign = new Set<number>();
  /** Agents that run no new generation and answer nothing. */
  readonly silent = new Set<string>();
  /** Agents of which no change asks anything new: their sessions note only that. */
  readonly unconcerned = new Set<string>();
  /** Address the DHCP server hands out instead of the reserved one. */
  wrongAddress: string | undefined;
  readonly #store: Store;
  #script: Script = () => undefined;
  #unsubscribe: () => void = () => undefined;
  #busy: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Begins to answer; what is open already is answered, too. */
  start(): void {
    this.#unsubscribe = this.#store.feed.subscribe(({ kind }) => {
      if (kind === 'site' || kind === 'agent') this.#turn();
    });
    this.#turn();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#busy;
  }

  /** Answers some commands differently from now on. */
  script(script: Script): void {
    this.#script = script;
    this.#turn();
  }

  #turn(): void {
    this.#busy = this.#busy.then(() => this.#serve());
  }

  async #serve(): Promise<void> {
    const agents = await this.#store.db.selectFrom('agents').selectAll().where('status', '=', 'active').execute();
    for (const agent of agents) {
      if (this.silent.has(agent.name)) continue;
      await this.#runNewest(agent);
      for (const row of await openCommands(this.#store.db, agent.id)) {
        await this.#answer(agent.id, agent.site_id, commandMessage(this.#store.secrets, row, 1n));
      }
    }
  }

  async #runNewest({ id, name, site_id, covered_revision }: Row<'agents'>): Promise<void> {
    await this.#store.transaction(async (tx) => {
      const generation = await siteRevision(tx.db, site_id);
      if (generation === covered_revision) return;
      const moved = {
        desired_generation: generation,
        sent_generation: generation,
        acked_generation: generation,
        running_generation: generation,
      };
      await tx.db
        .updateTable('agents')
        .set({ covered_revision: generation, ...(!this.unconcerned.has(name) && moved) })
        .where('id', '=', id)
        .execute();
      tx.nudge({ kind: 'agent', id });
    });
  }

  async #answer(agentId: string, siteId: string, command: Command): Promise<void> {
    const scripted = this.#script(command.task);
    if (scripted === 'silence') return;
    const outcome = scripted ?? (await this.#usual(siteId, command.task));
    this.answered.push(command.task.case ?? 'none');
    const result: CommandResult = create(CommandResultSchema, { commandId: command.id, outcome });
    await this.#store.transaction((tx) => recordCommandResult(tx, agentId, result));
  }

  async #usual(siteId: string, task: Command['task']): Promise<Outcome> {
    switch (task.case) {
      case 'createGuest':
        return this.#create(task.value.guest);
      case 'startGuest':
        return this.#power(siteId, task.value.guest, true);
      case 'stopGuest':
        return this.#power(siteId, task.value.guest, false);
      case 'configureGuest':
      case 'configureEnvironment':
        return this.#status(task.value.guest);
      case 'deleteGuest':
        this.guests.delete(task.value.guest?.vmid ?? 0);
        return success({});
      case 'probeRoute':
        return success({ probe: { reach: ProbeReach.ANSWERED, elapsedMs: 3 } });
      case 'releaseLease':
        await this.#store.transaction(async (tx) => {
          await tx.db.deleteFrom('leases').where('mac', '=', task.value.mac).execute();
        });
        return success({});
      default:
        return failure(CommandFailureCode.UNSUPPORTED, 'not in the script');
    }
  }

  #create(ref: GuestRef | undefined): Outcome {
    if (!ref) return failure(CommandFailureCode.INVALID, 'no guest');
    const there = this.guests.get(ref.vmid);
    const stranger = this.foreign.has(ref.vmid) || (there && there.ref.containerId !== ref.containerId);
    if (stranger) return failure(CommandFailureCode.VMID_TAKEN, `CT ${ref.vmid} already exists`);
    this.guests.set(ref.vmid, { ref, running: there?.running ?? false });
    return this.#status(ref);
  }

  async #power(siteId: string, ref: GuestRef | undefined, running: boolean): Promise<Outcome> {
    const guest = this.guests.get(ref?.vmid ?? 0);
    if (!guest) return failure(CommandFailureCode.NOT_FOUND, 'no such guest');
    guest.running = running;
    if (running) await this.#lease(siteId, guest.ref);
    return this.#status(guest.ref);
  }

  async #lease(siteId: string, { mac, hostname, containerId }: GuestRef): Promise<void> {
    await this.#store.transaction(async (tx) => {
      const row = await tx.db.selectFrom('containers').select('address').where('mac', '=', mac).executeTakeFirst();
      if (!row) return;
      await tx.db.deleteFrom('leases').where('mac', '=', mac).execute();
      const address = this.wrongAddress ?? row.address;
      const lease = { site_id: siteId, mac, address, hostname, expires_at: tx.now + 3_600_000, seen_at: tx.now };
      await tx.db.insertInto('leases').values(lease).execute();
      tx.nudge({ kind: 'container', id: containerId });
    });
  }

  #status(ref: GuestRef | undefined): Outcome {
    const guest = this.guests.get(ref?.vmid ?? 0);
    if (!guest) return failure(CommandFailureCode.NOT_FOUND, 'no such guest');
    const power = guest.running ? PowerState.RUNNING : PowerState.STOPPED;
    return success({ guest: { node: guest.ref.node, vmid: guest.ref.vmid, exists: true, power } });
  }
}

/** An answer that it was done. */
export function success(value: Extract<Outcome, { case: 'success' }>['value']): Outcome {
  return { case: 'success', value };
}

/** An answer that it was not done. */
export function failure(code: CommandFailureCode, message: string): Outcome {
  return { case: 'failure', value: { code, message } };
}
