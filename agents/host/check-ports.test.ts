import { expect, it } from 'vitest';
import { checkPorts, checkResolved, wantedPorts } from './check-ports.ts';
import { configFor, type HostOptions, planOf } from './host-plan.ts';
import type { Listener } from './listeners.ts';

const plan = (options: HostOptions) => planOf(configFor(options), 'options');
const tcp = (port: number, address: string, program: string, unit?: string): Listener => {
  return { protocol: 'tcp', port, address, pid: 7, program, ...(unit !== undefined && { unit }) };
};
const busy = async () => false;
const faults = (look: Awaited<ReturnType<typeof checkPorts>>) =>
  look.findings.filter(({ state }) => state === 'fault').map(({ check, message }) => `${check}: ${message}`);

it('leaves a web server that somebody set up, and says which ports to take instead', async () => {
  const wanted = wantedPorts(plan({ roles: ['nginx'] }), false);
  const look = await checkPorts(wanted, [tcp(80, '0.0.0.0', 'nginx', 'nginx.service')], busy);
  expect(faults(look)).toEqual(['port 80/tcp: kept by nginx (pid 7, nginx.service)']);
  expect(look.findings[0]?.remedy).toContain('--http-port 8080 --https-port 9443');
  expect(look.idle).toEqual([]);
  const elsewhere = wantedPorts(plan({ roles: ['nginx'], httpPort: 8080, httpsPort: 9443 }), false);
  expect(faults(await checkPorts(elsewhere, [tcp(80, '0.0.0.0', 'nginx', 'nginx.service')], busy))).toEqual([]);
});

it('lets one make room that serves nothing of its own', async () => {
  const wanted = wantedPorts(plan({ roles: ['nginx'] }), false);
  const both = [tcp(80, '0.0.0.0', 'nginx', 'nginx.service'), tcp(80, '::', 'nginx', 'nginx.service')];
  const look = await checkPorts(wanted, both, async (unit) => unit === 'nginx.service');
  expect(look).toMatchObject({ idle: ['nginx.service'], findings: [{ state: 'warning' }, { state: 'ok' }] });
});

it('takes an address of its own beside a name server on another, and shares the port of DHCP with a dnsmasq', async () => {
  const wanted = wantedPorts(plan({ roles: ['dnsmasq'], listen: ['10.64.0.1'] }), false);
  const other = [
    tcp(53, '127.0.0.1', 'dnsmasq', 'dnsmasq.service'),
    { ...tcp(67, '0.0.0.0', 'dnsmasq', 'dnsmasq.service'), protocol: 'udp' as const },
  ];
  expect(faults(await checkPorts(wanted, other, busy))).toEqual([]);
  const everywhere = await checkPorts(wanted, [tcp(53, '0.0.0.0', 'dnsmasq', 'dnsmasq.service')], busy);
  expect(faults(everywhere)).toEqual(['port 53/tcp: kept by dnsmasq (pid 7, dnsmasq.service)']);
  expect(everywhere.findings[1]?.remedy).toContain('bind-dynamic');
  const kea = { ...tcp(67, '0.0.0.0', 'kea-dhcp4'), protocol: 'udp' as const };
  expect((await checkPorts(wanted, [kea], busy)).findings[2]).toMatchObject({
    state: 'fault',
    remedy: expect.stringContaining('--no-dhcp'),
  });
});

it('takes what Berth has already for its own', async () => {
  const wanted = wantedPorts(plan({ roles: ['nginx'] }), true);
  const look = await checkPorts(wanted, [tcp(443, '0.0.0.0', 'nginx', 'berth-nginx.service')], busy);
  expect(look.findings.map(({ message }) => message)).toEqual(['free', "Berth's nginx has it", 'free']);
});

it('goes on beside systemd-resolved, and says what that means', () => {
  const stub = tcp(53, '127.0.0.53', 'systemd-resolve', 'systemd-resolved.service');
  const [finding] = checkResolved([stub], plan({ roles: ['dnsmasq'], interfaces: ['vmbr1'] }));
  expect(finding).toMatchObject({ state: 'ok', remedy: expect.stringContaining('resolvectl dns vmbr1') });
  expect(checkResolved([stub], plan({ roles: ['nginx'] }))).toEqual([]);
});
