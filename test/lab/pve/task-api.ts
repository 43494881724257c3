import { type Call, flag, type Handlers, nodeOf, number, text } from './call.ts';
import { splitList } from './formats.ts';
import { failure, invalidParams } from './pve-error.ts';
import type { TaskRecord } from './tasks.ts';
import { parseUpid } from './upid.ts';

const DEFAULT_LIMIT = 50;

export const taskHandlers: Handlers = {
  'GET /nodes/{node}/tasks': (call) => list(call),
  'GET /cluster/tasks': (call) => {
    const visible = call.sim.tasks.all().filter((task) => mayRead(call, task));
    return { data: visible.slice(0, DEFAULT_LIMIT).map((task) => ({ ...brief(task), saved: '1' })) };
  },
  'GET /nodes/{node}/tasks/{upid}/status': (call) => {
    const task = find(call);
    requireOwner(call, 'Sys.Audit');
    if (!task) throw invalidParams({ upid: 'no such task' });
    const { exitstatus } = task;
    const ended = exitstatus === undefined ? { status: 'running' } : { status: 'stopped', exitstatus };
    return { data: { ...identify(task), pstart: task.pstart, pid: task.pid, ...ended } };
  },
  'GET /nodes/{node}/tasks/{upid}/log': (call) => {
    const task = find(call);
    requireOwner(call, 'Sys.Audit');
    return log(call, task);
  },
  'DELETE /nodes/{node}/tasks/{upid}': async (call) => {
    const task = find(call);
    requireOwner(call, 'Sys.Modify');
    if (!task) throw invalidParams({ upid: 'no such task' });
    await call.sim.tasks.stop(task.upid);
    return { data: null };
  },
};

function find(call: Call): TaskRecord | undefined {
  const upid = String(call.params.upid);
  if (!parseUpid(upid)) throw invalidParams({ upid: 'unable to parse worker upid' });
  return call.sim.tasks.get(upid);
}

function requireOwner(call: Call, otherwise: string): void {
  const upid = parseUpid(String(call.params.upid));
  if (upid?.owner === call.identity.id) return;
  call.sim.permissions.require(call.identity, `/nodes/${nodeOf(call).name}`, otherwise);
}

function mayRead(call: Call, task: TaskRecord): boolean {
  return task.owner === call.identity.id || call.sim.permissions.has(call.identity, `/nodes/${task.node}`, 'Sys.Audit');
}

function log(call: Call, task: TaskRecord | undefined): { data: unknown; total: number } {
  const limited = call.params.start !== undefined || call.params.limit !== undefined;
  if (flag(call.params, 'download') && limited) {
    throw failure("'download' cannot be used together with 'start' or 'limit' parameters");
  }
  const lines = task ? task.log : ['unable to open file - No such file or directory'];
  const shown = lines.length > 0 ? lines : ['no content'];
  const start = number(call.params, 'start') ?? 0;
  const limit = number(call.params, 'limit') ?? DEFAULT_LIMIT;
  const page = shown.slice(start, limit === 0 ? undefined : start + limit);
  return { data: page.map((t, i) => ({ n: start + i + 1, t })), total: shown.length };
}

function identify(task: TaskRecord): Record<string, unknown> {
  const { upid, node, type, id, starttime } = task;
  const [user = '', tokenid] = task.owner.split('!');
  return { upid, node, type, id, user, starttime, ...(tokenid === undefined ? {} : { tokenid }) };
}

function brief(task: TaskRecord): Record<string, unknown> {
  const { endtime, exitstatus } = task;
  return { ...identify(task), ...(exitstatus === undefined ? {} : { endtime, status: exitstatus }) };
}

function list(call: Call): { data: unknown; total?: number } {
  const start = number(call.params, 'start') ?? 0;
  const limit = number(call.params, 'limit') ?? DEFAULT_LIMIT;
  const found = call.sim.tasks.all().filter((task) => mayRead(call, task) && matches(call, task));
  const page = found.slice(start, limit === 0 ? undefined : start + limit);
  const data = page.map((task) => ({ ...brief(task), pid: task.pid, pstart: task.pstart }));
  return found.length === 0 ? { data } : { data, total: found.length };
}

function matches(call: Call, task: TaskRecord): boolean {
  const { params } = call;
  const source = text(params, 'source') ?? 'archive';
  const running = task.exitstatus === undefined;
  if (source !== 'all' && running !== (source === 'active')) return false;
  const vmid = number(params, 'vmid');
  const since = number(params, 'since') ?? 0;
  const until = number(params, 'until') ?? Number.POSITIVE_INFINITY;
  const statuses = splitList(text(params, 'statusfilter') ?? '');
  return (
    task.node === nodeOf(call).name &&
    (vmid === undefined || task.id === String(vmid)) &&
    (params.typefilter === undefined || task.type === params.typefilter) &&
    task.owner.includes(text(params, 'userfilter') ?? '') &&
    task.starttime >= since &&
    task.starttime <= until &&
    (!flag(params, 'errors') || outcome(task) === 'error') &&
    (statuses.length === 0 || statuses.includes(outcome(task)))
  );
}

function outcome(task: TaskRecord): string {
  if (task.exitstatus === undefined || task.exitstatus === 'unexpected status') return 'unknown';
  if (task.exitstatus === 'OK') return 'ok';
  return task.exitstatus.startsWith('WARNINGS: ') ? 'warning' : 'error';
}
