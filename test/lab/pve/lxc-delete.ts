import { type Call, flag, type Handlers, nodeOf, vmidOf } from './call.ts';
import { checkLock } from './guests.ts';
import { failure } from './pve-error.ts';
import type { TaskContext } from './tasks.ts';

export const deleteHandlers: Handlers = {
  'DELETE /nodes/{node}/lxc/{vmid}': async (call) => {
    const node = nodeOf(call);
    const vmid = vmidOf(call);
    await requireDeletable(call);
    const body = async (task: TaskContext): Promise<void> => destroy(call, task);
    return { data: call.sim.tasks.start(node.name, 'vzdestroy', String(vmid), call.identity.id, body) };
  },
};

async function requireDeletable(call: Call): Promise<void> {
  const guest = call.sim.guests.must(nodeOf(call).name, vmidOf(call));
  checkLock(guest);
  if (guest.config.protection) throw failure(`can't remove CT ${guest.vmid} - protection mode enabled`);
  const { running } = await nodeOf(call).backend.status(guest.vmid);
  if (running && !flag(call.params, 'force')) {
    throw failure(`unable to destroy CT ${guest.vmid} - container is running`);
  }
}

async function destroy(call: Call, task: TaskContext): Promise<void> {
  const { sim } = call;
  const { backend, name } = nodeOf(call);
  const vmid = vmidOf(call);
  await sim.locks.hold(vmid, async () => {
    const guest = sim.guests.must(name, vmid);
    checkLock(guest);
    if ((await backend.status(vmid)).running) {
      if (!flag(call.params, 'force')) throw failure(`unable to destroy CT ${vmid} - container is running`);
      task.log(`forced to stop CT ${vmid} before destroying!`);
      await backend.stop(vmid);
    }
    guest.config = { ...guest.config, lock: 'destroyed' };
    sim.guests.save(guest);
    await backend.destroy(vmid);
    sim.pools.forget(vmid);
    if (flag(call.params, 'purge')) task.log(`purging CT ${vmid} from related configurations..`);
    sim.guests.remove(vmid);
  });
}
