import { type Resource, StreamProtocol } from '@berth/proto/agent/v1/resource_pb.js';
import type { ResourceFault } from '../shared/role.ts';
import { canBind } from './port-check.ts';

/** Those streams set aside for a taken port whose port is free on all addresses now. */
export async function freedStreams(
  setAside: ReadonlyMap<string, ResourceFault>,
  resources: ReadonlyMap<string, Resource>,
  listen: readonly string[],
): Promise<string[]> {
  const freed: string[] = [];
  for (const [key, fault] of setAside) {
    const body = resources.get(key)?.body;
    if (body?.case !== 'streamRoute' || !fault.stderrTail?.includes('bind()')) continue;
    const protocol = body.value.protocol === StreamProtocol.UDP ? 'udp' : 'tcp';
    const answers = await Promise.all(listen.map((address) => canBind(protocol, address, body.value.externalPort)));
    if (answers.every(Boolean)) freed.push(key);
  }
  return freed;
}
