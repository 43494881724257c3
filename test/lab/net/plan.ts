/** The hosts of one lab, each in its own network namespace. */
export type HostName = 'cp' | 'pve' | 'dns' | 'web' | 'client';

/** The links of a lab: guests, management, and the world outside. */
export type LinkName = 'lan' | 'mgmt' | 'wan';

/** One host's interface on a link: its name there, its address, the prefix length of the link. */
export type LabInterface = { readonly device: string; readonly address: string; readonly prefix: number };

/**
 * Who has which address. Every lab uses the same plan, since its namespaces keep it apart from the others.
 *
 * The Proxmox host owns the bridges of `lan` (vmbr0, as on a real node) and `mgmt`; `wan` is one cable between the
 * nginx host and the outside user. The guests' gateway is the dnsmasq host, which forwards between guests and
 * management; the nginx host forwards nothing, so the outside reaches guests only through nginx.
 */
export const LAB_PLAN = {
  cp: { mgmt: { device: 'mgmt0', address: '10.65.0.1', prefix: 24 } },
  pve: {
    lan: { device: 'vmbr0', address: '10.64.0.2', prefix: 22 },
    mgmt: { device: 'mgmt0', address: '10.65.0.2', prefix: 24 },
  },
  dns: {
    lan: { device: 'lan0', address: '10.64.0.1', prefix: 22 },
    mgmt: { device: 'mgmt0', address: '10.65.0.3', prefix: 24 },
  },
  web: {
    lan: { device: 'lan0', address: '10.64.0.3', prefix: 22 },
    mgmt: { device: 'mgmt0', address: '10.65.0.4', prefix: 24 },
    wan: { device: 'wan0', address: '10.66.0.1', prefix: 24 },
  },
  client: { wan: { device: 'wan0', address: '10.66.0.2', prefix: 24 } },
} as const satisfies Record<HostName, Partial<Record<LinkName, LabInterface>>>;

/** All hosts, in the order in which they are made. */
export const HOST_NAMES: readonly HostName[] = ['pve', 'cp', 'dns', 'web', 'client'];

/** The guest LAN in CIDR notation. */
export const GUEST_LAN = '10.64.0.0/22';

/** Name of the network namespace of `host` in lab `id`. */
export function namespaceName(id: string, host: HostName): string {
  return `berth-${id}-${host}`;
}
