import { type Call, flag, type Handlers, text } from './call.ts';
import { splitList } from './formats.ts';
import { guestResource } from './node-api.ts';
import type { Pool } from './pools.ts';

export const poolHandlers: Handlers = {
  'GET /pools': async (call) => {
    const wanted = text(call.params, 'poolid');
    if (wanted !== undefined) return { data: [await printPool(call, call.sim.pools.must(wanted), true)] };
    const visible = call.sim.pools
      .all()
      .filter(({ poolid }) => call.sim.permissions.has(call.identity, `/pool/${poolid}`, 'Pool.Audit'));
    return { data: await Promise.all(visible.map((pool) => printPool(call, pool, false))) };
  },
  'POST /pools': (call) => {
    call.sim.pools.create(String(call.params.poolid), text(call.params, 'comment'));
    return { data: null };
  },
  'PUT /pools': update,
  'DELETE /pools': remove,
  'GET /pools/{poolid}': async (call) => {
    const { poolid: _, ...pool } = await printPool(call, call.sim.pools.must(String(call.params.poolid)), true);
    return { data: { poolid: String(call.params.poolid), ...pool } };
  },
  'PUT /pools/{poolid}': update,
  'DELETE /pools/{poolid}': remove,
};

function update(call: Call): { data: null } {
  const comment = text(call.params, 'comment');
  // A number that is nobody's is accepted and forgotten.
  const vms = splitList(text(call.params, 'vms') ?? '')
    .map(Number)
    .filter((vmid) => call.sim.guests.get(vmid));
  const change = { vms, remove: flag(call.params, 'delete'), ...(comment === undefined ? {} : { comment }) };
  call.sim.pools.update(String(call.params.poolid), change);
  return { data: null };
}

function remove(call: Call): { data: null } {
  call.sim.pools.remove(String(call.params.poolid));
  return { data: null };
}

async function printPool(call: Call, pool: Pool, withMembers: boolean): Promise<Record<string, unknown>> {
  const comment = pool.comment === undefined ? {} : { comment: pool.comment };
  if (!withMembers) return { poolid: pool.poolid, ...comment };
  const present = pool.vms.filter((vmid) => call.sim.guests.get(vmid));
  const rows = await Promise.all(present.map((vmid) => guestResource(call, vmid)));
  const members = rows.map(({ pool: _, ...member }) => member);
  return { poolid: pool.poolid, ...comment, members };
}
