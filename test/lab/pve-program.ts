import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabNetwork } from './net/lab-network.ts';
import { LAB_PLAN } from './net/plan.ts';
import { Program } from './program.ts';
import { LEAST_PRIVILEGES } from './site-setup.ts';

/** The token that agents call it with. */
export const PVE_TOKEN_ID = 'berth@pve!agent';

/** What a simulated cluster is made of. */
export interface PveSetup {
  /** Root of the guests, whatever template is named. */
  root: string;
  nodes: readonly string[];
  tls: { certFile: string; keyFile: string };
  /** Secret of the token. */
  secret: string;
}

/** The simulated Proxmox cluster of a lab, whose guests are containers on its Proxmox host. */
export function pveProgram(network: LabNetwork, { root, nodes, tls, secret }: PveSetup): Program {
  const file = join(network.directory, 'pve.json');
  const config = {
    listen: { host: LAB_PLAN.pve.mgmt.address, port: 8006 },
    tls: { certFile: tls.certFile, keyFile: tls.keyFile },
    stateDir: join(network.directory, 'pve-host'),
    backend: 'lxc',
    nodes: nodes.map((name) => ({ name })),
    templates: { 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst': root },
    tokens: [{ id: PVE_TOKEN_ID, secret, acl: LEAST_PRIVILEGES }],
    authDelayMs: 0,
  };
  const program = new Program({
    name: 'pve simulator',
    spawn: network.hosts.pve.spawn,
    command: process.execPath,
    args: ['test/lab/pve/main.ts', '--config', file],
    logFile: join(network.directory, 'pve.log'),
    ready: /pve simulator ready/,
  });
  const start = program.start.bind(program);
  program.start = async () => {
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    await start();
  };
  return program;
}
