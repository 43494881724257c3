import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '@berth/proto/contract/finding.ts';
import type { HostPlan } from '../host/host-plan.ts';
import { AGENT_UNIT, isEnabled, stateOf } from '../host/system.ts';

/** Whether the units of the package run and come back at the next boot; nothing where there is no systemd. */
export async function examineUnits(plan: HostPlan): Promise<Finding[]> {
  if (!existsSync('/run/systemd/system') || !existsSync(`/usr/lib/systemd/system/${AGENT_UNIT}`)) return [];
  const wanted = [AGENT_UNIT, ...serverUnits(plan)];
  return Promise.all(wanted.map(unitFinding));
}

/** Services come up by their path units as soon as there is something to serve. */
function serverUnits({ nginx, dnsmasq }: HostPlan): string[] {
  const units: string[] = [];
  if (nginx && !nginx.manage) units.push('berth-nginx.path', ...servingUnit('nginx', nginx.rootDir, 'nginx.conf'));
  if (dnsmasq?.bySignal) units.push('berth-dnsmasq.path', ...servingUnit('dnsmasq', dnsmasq.rootDir, 'dnsmasq.conf'));
  return units;
}

function servingUnit(program: string, rootDir: string, file: string): string[] {
  return existsSync(join(rootDir, 'current', file)) ? [`berth-${program}.service`] : [];
}

async function unitFinding(unit: string): Promise<Finding> {
  const state = await stateOf(unit);
  const starter = unit.startsWith('berth-nginx.s') || unit.startsWith('berth-dnsmasq.s');
  const comesBack = starter || (await isEnabled(unit));
  if (state !== 'active') {
    return { check: unit, state: 'fault', message: state, remedy: `systemctl start ${unit}\nsystemctl status ${unit}` };
  }
  if (comesBack) return { check: unit, state: 'ok', message: starter ? 'active' : 'active and enabled' };
  const message = 'active, but does not come back at the next boot';
  return { check: unit, state: 'warning', message, remedy: `systemctl enable ${AGENT_UNIT}` };
}
