import { createHash } from 'node:crypto';
import { type Call, type Handlers, nodeOf, text } from './call.ts';
import { seconds } from './clock.ts';
import { failure } from './pve-error.ts';
import { type OciImage, pathOf } from './storage.ts';
import type { TaskContext } from './tasks.ts';

/** Repositories a simulated node can pull from, by `host:port/name`. */
export type Registries = ReadonlyMap<string, { tags: readonly string[]; image: OciImage }>;

const IMAGE_SIZE = 1_060_352;

export const ociHandlers: Handlers = {
  'GET /nodes/{node}/query-oci-repo-tags': (call) => {
    const reference = String(call.params.reference);
    const repository = call.sim.registries.get(reference);
    if (!repository) throw failure(`command 'skopeo list-tags docker://${reference}' failed: exit code 1`);
    return { data: repository.tags };
  },
  'POST /nodes/{node}/storage/{storage}/oci-registry-pull': (call) => {
    const storage = call.sim.storages.must(String(call.params.storage));
    const file = fileName(call);
    if (call.sim.storages.file(`${storage.id}:vztmpl/${file}`)) {
      throw failure(`refusing to override existing file '${file}'`);
    }
    const body = async (task: TaskContext): Promise<void> => pull(call, storage.id, file, task);
    return { data: call.sim.tasks.start(nodeOf(call).name, 'ociregistrypull', file, call.identity.id, body) };
  },
};

function fileName(call: Call): string {
  const wanted = text(call.params, 'filename');
  const last = String(call.params.reference).split('/').at(-1) ?? '';
  // PVE counts bytes here: each byte outside the plain set becomes an underscore.
  const bytes = Buffer.from(wanted ?? last.replace(':', '_')).toString('latin1');
  return `${bytes.replaceAll(/[^-a-zA-Z0-9_.]/g, '_')}.tar`;
}

async function pull(call: Call, storage: string, file: string, task: TaskContext): Promise<void> {
  const reference = String(call.params.reference);
  const volid = `${storage}:vztmpl/${file}`;
  const [repository = '', tag = ''] = reference.split(/:(?=[^:/]*$)/);
  const command = `command 'skopeo copy docker://${reference} oci-archive:${pathOf(volid)}.tmp.${process.pid}' failed`;
  if (task.signal.aborted) throw failure(`${command}: received interrupt`);
  const found = call.sim.registries.get(repository);
  if (!found?.tags.includes(tag)) {
    task.log(
      `time="${new Date(call.sim.clock.now()).toISOString()}" level=fatal msg="initializing source docker://${reference}: reading manifest ${tag}: manifest unknown"`,
    );
    throw failure(`${command}: exit code ${knownHost(call, repository) ? 2 : 1}`);
  }
  const hash = createHash('sha256').update(reference).digest('hex');
  task.log('Getting image source signatures');
  task.log(`Copying blob sha256:${hash}`);
  task.log(`Copying config sha256:${hash}`);
  task.log('Writing manifest to image destination');
  const ctime = seconds(call.sim.clock);
  call.sim.storages.add({ volid, content: 'vztmpl', format: 'tar', size: IMAGE_SIZE, ctime, oci: found.image });
}

function knownHost(call: Call, repository: string): boolean {
  const [host = ''] = repository.split('/');
  return [...call.sim.registries.keys()].some((known) => known.startsWith(`${host}/`));
}
