import { type Resource, StreamProtocol } from '@berth/proto/agent/v1/resource_pb.js';
import type { ResourceFault } from '../shared/role.ts';
import { canBind } from './port-check.ts';

/** Streams that were set aside because their port was taken, by what has become of the port. */
export type PortLook = { readonly freed: readonly string[]; readonly taken: readonly string[] };

/** Looks whether the ports of such streams are free on all addresses now. */
export async function lookAtPorts(
  setAside: ReadonlyMap<string, ResourceFault>,
  resources: ReadonlyMap<string, Resource>,
  listen: readonly string[],
): Promise<PortLook> {
  const look = { freed: [] as string[], taken: [] as string[] };
  for (const [key, fault] of setAside) {
    const body = resources.get(key)?.body;
    if (body?.case !== 'streamRoute' || !fault.stderrTail?.includes('bind()')) continue;
    const protocol = body.value.protocol === StreamProtocol.UDP ? 'udp' : 'tcp';
    const answers = await Promise.all(listen.map((address) => canBind(protocol, address, body.value.externalPort)));
    (answers.every(Boolean) ? look.freed : look.taken).push(key);
  }
  return look;
}
