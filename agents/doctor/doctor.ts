/**
 * `berth-agent doctor`: everything on a host that can keep it from serving, looked at from outside the agent, which may
 * itself be what is wrong. Each finding that is not ok says what to do. A look that fails is a finding, too, and stops
 * none of the others.
 */
import type { Finding } from '@berth/proto/contract/finding.ts';
import { ConfigError, readConfig } from '../config.ts';
import { checkAddresses, checkDisk } from '../host/check-host.ts';
import { checkPorts, wantedPorts } from '../host/check-ports.ts';
import { checkDnsmasq, checkNginx } from '../host/check-programs.ts';
import { type HostPlan, planOf } from '../host/host-plan.ts';
import { listListeners } from '../host/listeners.ts';
import { VERSION } from '../version.ts';
import { examineAgent } from './examine-agent.ts';
import { examineDnsmasq } from './examine-dnsmasq.ts';
import { examineIdentity } from './examine-identity.ts';
import { examineNginx } from './examine-nginx.ts';
import { examineUnits } from './examine-units.ts';

/** Looks at this host. @param configFile the agent's configuration */
export async function examineHost(configFile: string): Promise<Finding[]> {
  const versions: Finding = {
    check: 'version',
    state: 'ok',
    message: `berth-agent ${VERSION}, Node ${process.version}`,
  };
  try {
    const config = await readConfig(configFile);
    const plan = planOf(config, configFile);
    const looks = [
      () => examineUnits(plan),
      () => examineIdentity(config.stateDir),
      () => examineAgent(config.stateDir),
      () => examineRoles(plan),
      async () => [await checkDisk(config.stateDir)],
    ];
    return [versions, ...(await Promise.all(looks.map(safely))).flat()];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const remedy =
      'Join this host with the command that the control plane gives: berth agent create, or the page Agents.';
    return [versions, { check: 'configuration', state: 'fault', message: error.message, remedy }];
  }
}

async function examineRoles(plan: HostPlan): Promise<Finding[]> {
  if (!plan.nginx && !plan.dnsmasq) return [];
  const listeners = await listListeners();
  const nginx = plan.nginx && (await checkNginx(plan.nginx));
  const never = async () => false;
  const { findings } = await checkPorts(wantedPorts(plan, nginx?.http3 ?? false), listeners, never);
  return [
    ...(nginx?.findings ?? []),
    ...(plan.nginx ? await examineNginx(plan.nginx) : []),
    ...(plan.dnsmasq ? await checkDnsmasq(plan.dnsmasq) : []),
    ...(plan.dnsmasq ? await examineDnsmasq(plan.dnsmasq, listeners) : []),
    ...findings,
    ...checkAddresses(plan),
  ];
}

async function safely(look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const denied = error instanceof Error && 'code' in error && error.code === 'EACCES';
    const remedy = denied ? 'Run it as root: sudo berth-agent doctor' : 'See: journalctl -u berth-agent';
    return [{ check: 'doctor', state: 'fault', message, remedy }];
  }
}
