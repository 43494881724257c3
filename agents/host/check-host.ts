/** Disk, interfaces and addresses of the host. */
import { statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import type { Finding } from '@berth/proto/contract/finding.ts';
import type { HostPlan } from './host-plan.ts';

const SCARCE_BYTES = 1024 ** 3;
const TOO_LITTLE_BYTES = 128 * 1024 ** 2;

/** Space where the agent keeps its state. */
export async function checkDisk(stateDir: string): Promise<Finding> {
  const free = await freeBytes(stateDir);
  const message = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${stateDir}`;
  if (free >= SCARCE_BYTES) return { check: 'disk', state: 'ok', message };
  const remedy = `df -h ${stateDir}; journalctl --vacuum-size=200M; apt clean`;
  return { check: 'disk', state: free < TOO_LITTLE_BYTES ? 'fault' : 'warning', message, remedy };
}

/** Whether the interfaces and addresses of a plan are this host's. */
export function checkAddresses({ nginx, dnsmasq }: HostPlan): Finding[] {
  const interfaces = networkInterfaces();
  const own = Object.values(interfaces).flatMap((addresses = []) => addresses.map(({ address }) => address));
  const wanted = new Set([...(nginx?.listen ?? []), ...(dnsmasq?.listenAddresses ?? [])]);
  const missing = [...wanted].filter((address) => address !== '0.0.0.0' && address !== '::' && !own.includes(address));
  const findings = missing.map((address) => absent('address', address, 'ip address show'));
  for (const name of dnsmasq?.interfaces ?? []) {
    if (!interfaces[name]) findings.push(absent('interface', name, 'ip link show'));
  }
  if (dnsmasq && dnsmasq.interfaces.length === 0 && dnsmasq.listenAddresses.length === 0) findings.push(everywhere());
  return findings;
}

function absent(check: string, name: string, look: string): Finding {
  const message = `${name} is not there, or has no address; it is served as soon as it is`;
  return { check, state: 'warning', message, remedy: `What is there: ${look}` };
}

function everywhere(): Finding {
  const message = 'dnsmasq answers on every interface of this host, also on those that strangers reach';
  const remedy = 'Name those of the containers: berth-agent enroll … --interface NAME, or --listen ADDRESS';
  return { check: 'interface', state: 'warning', message, remedy };
}

/** Of the nearest directory that is there. */
async function freeBytes(path: string): Promise<number> {
  const stats = await statfs(path).catch(() => undefined);
  if (stats) return stats.bavail * stats.bsize;
  return path === '/' ? 0 : freeBytes(dirname(path));
}
