/**
 * A site on whole hosts: `core`, where the control plane goes, and `edge`, between the guests and the world, each a
 * Debian of its own with systemd; and a simulated Proxmox cluster. Nothing of Berth runs there yet: its packages lie
 * in {@link SHARED} of both hosts, and the rest is what a test does as an administrator would.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Built, buildPackages } from '../../../scripts/packaging/build.ts';
import { selfSigned } from '../certificate.ts';
import { ensureGuestRoot } from '../guest/guest-root.ts';
import { createLabNetwork, type LabNetwork } from '../net/lab-network.ts';
import { LAB_PLAN } from '../net/plan.ts';
import type { Program } from '../program.ts';
import { pveProgram } from '../pve-program.ts';
import type { HostSystem } from './host-root.ts';
import { RealHost } from './real-host.ts';

/** Who has which address. `office` is what the edge host had before Berth came, `wan` what Berth may have. */
export const HOST_ADDRESSES = {
  core: '10.65.0.11',
  office: '10.65.0.12',
  wan: '10.65.0.13',
  lan: '10.64.0.12',
} as const;

/** How an agent reaches the simulated cluster. */
export interface PveAccess {
  url: string;
  secret: string;
  caPem: string;
}

/** A site of whole hosts. */
export interface HostSite {
  readonly network: LabNetwork;
  readonly core: RealHost;
  readonly edge: RealHost;
  readonly pve: PveAccess;
  readonly packages: readonly Built[];
  destroy(): Promise<void>;
}

/** Builds packages and roots that are not there, and boots the hosts. Needs root. @throws with what did not start */
export async function createHostSite(systems: { core: HostSystem; edge: HostSystem }): Promise<HostSite> {
  const network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
  try {
    const shared = join(network.directory, 'shared');
    await mkdir(shared);
    const [packages, pve, core, edge] = await Promise.all([
      buildPackages({ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', compression: 'fast', out: shared }),
      startPve(network),
      RealHost.boot({ network, system: systems.core, name: 'core', links: CORE_LINKS, shared }),
      RealHost.boot({ network, system: systems.edge, name: 'edge', links: EDGE_LINKS, shared }),
    ]);
    return { network, core, edge, pve, packages, destroy: () => network.destroy() };
  } catch (error) {
    await network.destroy();
    throw error;
  }
}

const { mgmt, lan } = { mgmt: LAB_PLAN.pve.mgmt.device, lan: LAB_PLAN.pve.lan.device };
const CORE_LINKS = [
  { bridge: mgmt, device: 'eth0', addresses: [`${HOST_ADDRESSES.core}/24`], gateway: LAB_PLAN.dns.mgmt.address },
];
const EDGE_LINKS = [
  { bridge: mgmt, device: 'eth0', addresses: [`${HOST_ADDRESSES.office}/24`, `${HOST_ADDRESSES.wan}/24`] },
  { bridge: lan, device: 'lan0', addresses: [`${HOST_ADDRESSES.lan}/22`] },
];

async function startPve(network: LabNetwork): Promise<PveAccess> {
  const { address } = LAB_PLAN.pve.mgmt;
  const tls = await selfSigned(join(network.directory, 'pve-tls'), [address]);
  const secret = randomUUID();
  const program: Program = pveProgram(network, {
    root: await ensureGuestRoot('busybox'),
    nodes: ['pve1'],
    tls,
    secret,
  });
  await program.start();
  return { url: `https://${address}:8006`, secret, caPem: tls.pem };
}
