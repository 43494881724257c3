import { createHash } from 'node:crypto';
import { type Call, type Handlers, nodeOf, number, text } from './call.ts';
import { seconds } from './clock.ts';
import { splitList } from './formats.ts';
import { failure, invalidParams } from './pve-error.ts';
import { formatOfFile, pathOf, type StorageOptions } from './storage.ts';
import type { TaskContext } from './tasks.ts';

const CONTENT = 'GET /nodes/{node}/storage/{storage}/content';

export const storageHandlers: Handlers = {
  'GET /nodes/{node}/storage': (call) => {
    const kinds = splitList(text(call.params, 'content') ?? '');
    const visible = call.sim.storages.all().filter((storage) => mayUse(call, storage.id));
    const wanted = visible.filter(
      (s) => kinds.length === 0 || (!s.disabled && kinds.some((k) => s.content.includes(k))),
    );
    return { data: wanted.map((storage) => ({ storage: storage.id, ...printStorage(call, storage) })) };
  },
  'GET /nodes/{node}/storage/{storage}/status': (call) => {
    return { data: printStatus(call, call.sim.storages.forStatus(String(call.params.storage))) };
  },
  [CONTENT]: (call) => ({ data: listContent(call, call.sim.storages.must(String(call.params.storage))) }),
  [`${CONTENT}/{volume}`]: (call) => {
    const volid = String(call.params.volume);
    const file = call.sim.storages.file(volid);
    if (!file) throw failure(`volume_size_info on '${volid}' failed - no format`);
    const used = Math.ceil(file.size / 4096) * 4096;
    return { data: { path: pathOf(volid), size: file.size, used, format: 'raw' } };
  },
  'DELETE /nodes/{node}/storage/{storage}/content/{volume}': (call) => {
    const storage = String(call.params.storage);
    call.sim.storages.must(storage);
    call.sim.permissions.require(call.identity, `/storage/${storage}`, 'Datastore.Allocate');
    const body = async (): Promise<void> => call.sim.storages.remove(String(call.params.volume));
    return { data: call.sim.tasks.start(nodeOf(call).name, 'imgdel', storage, call.identity.id, body) };
  },
  'POST /nodes/{node}/storage/{storage}/upload': (call) => {
    const storage = call.sim.storages.must(String(call.params.storage));
    if (formatOfFile(String(call.params.filename)) === undefined) {
      throw invalidParams({ filename: 'wrong file extension' });
    }
    const body = async (task: TaskContext): Promise<void> => importFile(call, storage, task);
    return { data: call.sim.tasks.start(nodeOf(call).name, 'imgcopy', '', call.identity.id, body) };
  },
};

function mayUse(call: Call, storage: string): boolean {
  const held = call.sim.permissions.on(call.identity, `/storage/${storage}`);
  return held.has('Datastore.Audit') || held.has('Datastore.AllocateSpace');
}

function printStatus(call: Call, storage: StorageOptions): Record<string, unknown> {
  const usage = call.sim.storages.usage(storage);
  return { type: storage.type, content: storage.content.join(','), shared: 0, ...usage };
}

function printStorage(call: Call, storage: StorageOptions): Record<string, unknown> {
  const { total, used } = call.sim.storages.usage(storage);
  return { ...printStatus(call, storage), ...(total > 0 ? { used_fraction: used / total } : {}) };
}

function listContent(call: Call, storage: StorageOptions): unknown[] {
  const kind = text(call.params, 'content');
  const vmid = number(call.params, 'vmid');
  const files = vmid === undefined ? call.sim.storages.files(storage.id) : [];
  const volumes = call.sim.storages.volumes(storage.id).filter((volume) => vmid === undefined || volume.vmid === vmid);
  const rows = [
    ...files.map(({ volid, content, format, size, ctime }) => ({ volid, content, format, size, ctime })),
    ...volumes.map(({ volid, format, sizeBytes, ctime, vmid: owner }) => {
      return { volid, content: 'rootdir', format, size: sizeBytes, ctime, vmid: owner, used: 0, parent: null };
    }),
  ];
  return rows.filter((row) => kind === undefined || row.content === kind);
}

async function importFile(call: Call, storage: StorageOptions, task: TaskContext): Promise<void> {
  const bytes = call.file?.bytes ?? Buffer.alloc(0);
  const name = String(call.params.filename);
  const content = String(call.params.content);
  const algorithm = text(call.params, 'checksum-algorithm');
  const expected = text(call.params, 'checksum');
  const temporary = `/var/tmp/pveupload-${createHash('md5').update(name).digest('hex')}`;
  task.log(`starting file import from: ${temporary}`);
  if (algorithm !== undefined && expected !== undefined) {
    const got = createHash(algorithm).update(bytes).digest('hex');
    if (got !== expected.toLowerCase()) throw failure(`checksum mismatch: got '${got}' != expect '${expected}'`);
  }
  const volid = `${storage.id}:${content}/${name}`;
  for (const line of [
    `target node: ${nodeOf(call).name}`,
    `target file: ${pathOf(volid)}`,
    `file size is: ${bytes.length}`,
    `command: cp -- ${temporary} ${pathOf(volid)}`,
  ]) {
    task.log(line);
  }
  const format = formatOfFile(name) ?? 'raw';
  call.sim.storages.add({ volid, content, format, size: bytes.length, ctime: seconds(call.sim.clock) });
  task.log('finished file import successfully');
}
