import type { Finding } from '@berth/proto/contract/finding.ts';
import type { ServiceControl, UnitState } from '../host/service-control.ts';
import { fault, ok, warning } from './check.ts';

const MANY_RESTARTS = 5;

/** Whether the services run, and start at the next boot. */
export async function unitFindings(services: ServiceControl): Promise<Finding[]> {
  if (!services.available()) {
    const remedy = 'Whoever starts the control plane here looks after it.';
    return [warning('units', 'systemd does not run this machine, so no unit was looked at', remedy)];
  }
  const own = await services.stateOf('berth.service');
  const gateway = await services.stateOf('berth-ldap.service');
  // The gateway in processes of its own is for whoever enables it.
  const wanted = gateway.enabled === 'enabled' || gateway.active !== 'inactive';
  return [unitFinding('berth.service', own), ...(wanted ? [unitFinding('berth-ldap.service', gateway)] : [])];
}

function unitFinding(unit: string, { load, active, enabled, restarts }: UnitState): Finding {
  if (load !== 'loaded') return fault('units', `${unit} is ${load}`, 'Install the package berth.');
  if (active !== 'active') {
    const remedy = `See why: "journalctl -u ${unit} -n 30"; then "systemctl restart ${unit}".`;
    return fault('units', `${unit} is ${active}`, remedy);
  }
  if (enabled !== 'enabled') {
    return warning('units', `${unit} runs, but does not start at the next boot`, `"systemctl enable ${unit}"`);
  }
  if (restarts >= MANY_RESTARTS) {
    return warning('units', `${unit} was started anew ${restarts} times`, `See why: "journalctl -u ${unit}".`);
  }
  return ok('units', `${unit} runs and starts at boot`);
}
