import type { GuestNet, GuestSpec } from './backend.ts';

/** What the machine offers for limiting memory. */
export type CgroupVersion = 1 | 2 | 'none';

export interface LxcFiles {
  /** Read-only root that all guests of a template share. */
  lower: string;
  /** This guest's own layer over it. */
  upper: string;
}

/** The liblxc configuration of a guest. */
export function printLxcConfig(spec: GuestSpec, files: LxcFiles, cgroup: CgroupVersion): string {
  const lines = [
    'lxc.include = /usr/share/lxc/config/common.conf',
    `lxc.uts.name = ${spec.hostname.split('.')[0] ?? ''}`,
    `lxc.rootfs.path = overlay:${files.lower}:${files.upper}`,
    'lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed',
    'lxc.console.path = none',
    'lxc.tty.max = 0',
    'lxc.apparmor.profile = unconfined',
    ...spec.nets.flatMap(printNet),
    ...printMemory(spec.memoryMb, cgroup),
    ...Object.entries(spec.env).map(([name, value]) => `lxc.environment = ${name}=${value}`),
    ...(spec.entrypoint === undefined ? [] : [`lxc.init.cmd = ${spec.entrypoint}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function printNet(net: GuestNet, index: number): string[] {
  const key = `lxc.net.${index}`;
  const addressed = net.ip.includes('/');
  return [
    `${key}.type = veth`,
    `${key}.link = ${net.bridge}`,
    `${key}.name = ${net.name}`,
    `${key}.hwaddr = ${net.hwaddr}`,
    `${key}.flags = up`,
    ...(addressed ? [`${key}.ipv4.address = ${net.ip}`] : []),
    ...(addressed && net.gateway !== undefined ? [`${key}.ipv4.gateway = ${net.gateway}`] : []),
  ];
}

function printMemory(memoryMb: number, cgroup: CgroupVersion): string[] {
  if (cgroup === 1) return [`lxc.cgroup.memory.limit_in_bytes = ${memoryMb}M`];
  return cgroup === 2 ? [`lxc.cgroup2.memory.max = ${memoryMb}M`] : [];
}
