import type { Finding } from '@berth/proto/contract/finding.ts';
import { DEFAULT_STATE_DIR } from '../config.ts';
import { isAsInstalled } from './as-installed.ts';
import { checkAddresses, checkDisk } from './check-host.ts';
import { checkPorts, checkResolved, type PortLook, wantedPorts } from './check-ports.ts';
import { checkDnsmasq, checkNginx } from './check-programs.ts';
import { checkServer } from './check-server.ts';
import type { HostPlan } from './host-plan.ts';
import { listListeners } from './listeners.ts';

/** Which control plane it is, as the join command says. */
export interface Joining {
  /** Base URL, https. */
  server: string;
  /** SHA-256 of its authority, hex; colons are allowed. */
  caSha256: string;
}

/** Everything that must be so before a machine can be a host of this plan, and what may make room for it. */
export async function lookAtHost(plan: HostPlan, { server, caSha256 }: Joining): Promise<PortLook> {
  const listeners = await listListeners();
  const nginx = plan.nginx && (await checkNginx(plan.nginx));
  const ports = await checkPorts(wantedPorts(plan, nginx?.http3 ?? false), listeners, isAsInstalled);
  const findings: Finding[] = [
    ...(nginx?.findings ?? []),
    ...(plan.dnsmasq ? await checkDnsmasq(plan.dnsmasq) : []),
    ...ports.findings,
    ...checkResolved(listeners, plan),
    ...checkAddresses(plan),
    await checkDisk(DEFAULT_STATE_DIR),
    ...(await serverFindings(server, caSha256)),
  ];
  return { findings, idle: ports.idle };
}

async function serverFindings(server: string, caSha256: string): Promise<Finding[]> {
  const url = URL.parse(server);
  if (url?.protocol !== 'https:') return [];
  return checkServer(url, caSha256.replaceAll(':', '').toLowerCase());
}
