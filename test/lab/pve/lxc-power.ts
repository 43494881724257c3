import { type Call, flag, type Handlers, nodeOf, number, type Sim, vmidOf } from './call.ts';
import { requireBridges } from './config-rules.ts';
import { checkLock, type Guest, specOf, withPending } from './guests.ts';
import { failure, invalidParams } from './pve-error.ts';
import type { TaskContext } from './tasks.ts';

// Starting and stopping. A state that does not fit is refused at once; everything else (a missing container, a lock,
// a missing bridge) is found only by the task, whose UPID was given out with a 200.

const SHUTDOWN_SECONDS = 60;

export const powerHandlers: Handlers = {
  'POST /nodes/{node}/lxc/{vmid}/status/start': async (call) => {
    requireNoSkiplock(call);
    if (await isRunning(call)) throw failure(`CT ${vmidOf(call)} already running`);
    return power(call, 'vzstart', async () => startGuest(call.sim, nodeOf(call).name, vmidOf(call)));
  },
  'POST /nodes/{node}/lxc/{vmid}/status/stop': async (call) => {
    requireNoSkiplock(call);
    await requireRunning(call, 'CT');
    return power(call, 'vzstop', async () => stopGuest(call));
  },
  'POST /nodes/{node}/lxc/{vmid}/status/shutdown': async (call) => {
    await requireRunning(call, 'CT');
    return power(call, 'vzshutdown', async () => shutdownGuest(call, flag(call.params, 'forceStop')));
  },
  'POST /nodes/{node}/lxc/{vmid}/status/reboot': async (call) => {
    await requireRunning(call, 'VM');
    return power(call, 'vzreboot', async () => {
      await shutdownGuest(call, true);
      await startGuest(call.sim, nodeOf(call).name, vmidOf(call));
    });
  },
  'POST /nodes/{node}/lxc/{vmid}/status/suspend': async (call) => {
    await requireRunning(call, 'CT');
    const command = `lxc-checkpoint -n ${vmidOf(call)} -s -D /var/lib/vz/dump`;
    return power(call, 'vzsuspend', async () => {
      throw new Error(`command '${command}' failed: exit code 1`);
    });
  },
};

function power(call: Call, type: string, body: (task: TaskContext) => Promise<void>): { data: string } {
  return { data: call.sim.tasks.start(nodeOf(call).name, type, String(vmidOf(call)), call.identity.id, body) };
}

async function isRunning(call: Call): Promise<boolean> {
  const guest = call.sim.guests.get(vmidOf(call));
  if (guest?.node !== nodeOf(call).name) return false;
  return (await nodeOf(call).backend.status(guest.vmid)).running;
}

async function requireRunning(call: Call, kind: 'CT' | 'VM'): Promise<void> {
  if (!(await isRunning(call))) throw failure(`${kind} ${vmidOf(call)} not running`);
}

function requireNoSkiplock(call: Call): void {
  if (flag(call.params, 'skiplock') && call.identity.id !== 'root@pam') {
    throw invalidParams({ skiplock: 'Only root may use this option.' });
  }
}

/** Starts a container under its lock, with what was pending applied. Throws PVE's text when it cannot. */
export async function startGuest(sim: Sim, nodeName: string, vmid: number): Promise<void> {
  await sim.locks.hold(vmid, async () => {
    const guest = sim.guests.must(nodeName, vmid);
    const node = sim.nodes.get(nodeName);
    if (!node) throw new Error(`no node ${nodeName}`);
    checkLock(guest);
    if (guest.config.template) throw failure("you can't start a CT if it's a template");
    guest.config = withPending(guest);
    guest.pending = {};
    requireBridges(node, guest);
    await node.backend.start(specOf(guest));
    setRunning(sim, guest, true);
  });
}

async function stopGuest(call: Call): Promise<void> {
  const { sim } = call;
  await sim.locks.hold(vmidOf(call), async () => {
    const guest = sim.guests.must(nodeOf(call).name, vmidOf(call));
    checkLock(guest);
    await nodeOf(call).backend.stop(guest.vmid);
    setRunning(sim, guest, false);
  });
}

async function shutdownGuest(call: Call, force: boolean): Promise<void> {
  const { sim } = call;
  const { backend } = nodeOf(call);
  const timeout = number(call.params, 'timeout') ?? SHUTDOWN_SECONDS;
  await sim.locks.hold(vmidOf(call), async () => {
    const guest = sim.guests.must(nodeOf(call).name, vmidOf(call));
    checkLock(guest);
    const ended = await backend.shutdown(guest.vmid, timeout * 1000);
    if (!ended && !force) throw failure('container did not stop');
    if (!ended) await backend.stop(guest.vmid);
    setRunning(sim, guest, false);
  });
}

/** Writes down whether a container was last told to run. */
export function setRunning(sim: Sim, guest: Guest, running: boolean): void {
  guest.running = running;
  sim.guests.save(guest);
}
