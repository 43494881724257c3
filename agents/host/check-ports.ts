/** Whether the ports that Berth's nginx and dnsmasq want are theirs to take, and what to do where they are not. */
import { networkInterfaces } from 'node:os';
import type { Finding } from '@berth/proto/contract/finding.ts';
import type { DnsmasqConfig } from '../dnsmasq/config.ts';
import type { HostPlan } from './host-plan.ts';
import { holderWords, type Listener } from './listeners.ts';

/** A port that a role is to take. */
export interface WantedPort {
  protocol: 'tcp' | 'udp';
  port: number;
  /** Addresses it is taken on; none: on all. */
  addresses: readonly string[];
  role: 'nginx' | 'dnsmasq';
}

/** What is in the way, and which of it may make room. */
export interface PortLook {
  findings: Finding[];
  /** Units that do nothing of their own and would be stopped. */
  idle: string[];
}

const ALL = ['0.0.0.0', '::'];

/** The ports of a plan. @param http3 whether nginx takes UDP beside TCP */
export function wantedPorts({ nginx, dnsmasq }: HostPlan, http3: boolean): WantedPort[] {
  const wanted: WantedPort[] = [];
  if (nginx) {
    const at = { addresses: nginx.listen ?? [], role: 'nginx' } as const;
    wanted.push({ protocol: 'tcp', port: nginx.httpPort, ...at }, { protocol: 'tcp', port: nginx.httpsPort, ...at });
    if (http3) wanted.push({ protocol: 'udp', port: nginx.httpsPort, ...at });
  }
  if (dnsmasq) {
    const at = { addresses: addressesOf(dnsmasq), role: 'dnsmasq' } as const;
    wanted.push({ protocol: 'udp', port: dnsmasq.dnsPort, ...at }, { protocol: 'tcp', port: dnsmasq.dnsPort, ...at });
    if (dnsmasq.dhcp) wanted.push({ protocol: 'udp', port: 67, addresses: [], role: 'dnsmasq' });
  }
  return wanted;
}

/**
 * Compares what is wanted with who listens.
 * @param isIdle whether a unit serves nothing but what its package came with
 */
export async function checkPorts(
  wanted: readonly WantedPort[],
  listeners: readonly Listener[],
  isIdle: (unit: string) => Promise<boolean>,
): Promise<PortLook> {
  const look: PortLook = { findings: [], idle: [] };
  for (const port of wanted) {
    const holders = unique(listeners.filter((listener) => isInTheWay(listener, port)));
    const [holder] = holders;
    if (!holder) {
      look.findings.push(finding(port, 'ok', okWords(port, listeners)));
      continue;
    }
    // The same program has mostly both TCP and UDP; it need not be told of twice.
    if (look.findings.some((known) => known.state !== 'ok' && known.check.startsWith(`port ${port.port}/`))) continue;
    if (holder.unit !== undefined && (await isIdle(holder.unit))) {
      look.idle.push(holder.unit);
      look.findings.push(idleFinding(port, holder));
    } else look.findings.push(finding(port, 'fault', `kept by ${holderWords(holder)}`, remedyFor(port, holder)));
  }
  look.idle = [...new Set(look.idle)];
  return look;
}

/** systemd-resolved's own name server, which is no obstacle but worth knowing about. */
export function checkResolved(listeners: readonly Listener[], { dnsmasq }: HostPlan): Finding[] {
  const stub = listeners.find(({ address, port }) => port === 53 && address.startsWith('127.0.0.5'));
  if (!dnsmasq || !stub) return [];
  const message = `${holderWords(stub)} answers this host's own programs on ${stub.address}; dnsmasq serves other addresses beside it`;
  const [name = 'INTERFACE'] = dnsmasq.interfaces;
  const remedy = `To have this host, too, find the names of its site:\nresolvectl dns ${name} ADDRESS && resolvectl domain ${name} '~INTERNAL.DOMAIN'`;
  return [{ check: 'systemd-resolved', state: 'ok', message, remedy }];
}

/** With `interface=`, dnsmasq serves loopback, too; with neither, every address there is. */
function addressesOf({ interfaces, listenAddresses }: DnsmasqConfig): string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    return addresses.map(({ address, internal }) => ({ name, address, internal }));
  });
  const everywhere = interfaces.length === 0 && listenAddresses.length === 0;
  const served = all.filter(({ name, internal }) =>
    interfaces.length > 0 ? internal || interfaces.includes(name) : everywhere,
  );
  return [...new Set([...listenAddresses, ...served.map(({ address }) => address)])];
}

/** Two dnsmasq share the port of DHCP: each answers on its own interfaces. Of all others the kernel lets one have it. */
function isInTheWay(listener: Listener, { protocol, port, addresses, role }: WantedPort): boolean {
  if (listener.protocol !== protocol || listener.port !== port || isOurs(listener, role)) return false;
  if (role === 'dnsmasq' && port === 67 && listener.program === 'dnsmasq') return false;
  if (addresses.length === 0 || ALL.includes(listener.address)) return true;
  return addresses.some((address) => ALL.includes(address) || address === listener.address);
}

function isOurs({ unit }: Listener, role: WantedPort['role']): boolean {
  return unit === `berth-${role}.service`;
}

function okWords({ protocol, port, role, addresses }: WantedPort, listeners: readonly Listener[]): string {
  const there = listeners.filter((listener) => listener.protocol === protocol && listener.port === port);
  const other = there.find((listener) => !isOurs(listener, role));
  const beside = other ? `, beside ${holderWords(other)} on ${other.address}` : '';
  if (there.some((listener) => isOurs(listener, role))) return `Berth's ${role} has it${beside}`;
  return `${addresses.length > 0 && other ? `free on ${addresses.join(', ')}` : 'free'}${beside}`;
}

function unique(listeners: readonly Listener[]): Listener[] {
  return [...new Map(listeners.map((listener) => [`${listener.pid} ${listener.program}`, listener])).values()];
}

function idleFinding(port: WantedPort, holder: Listener): Finding {
  const words = `kept by ${holderWords(holder)}, which is as Debian installed it`;
  return finding(port, 'warning', words, `It makes room: systemctl disable --now ${holder.unit}`);
}

function finding({ protocol, port }: WantedPort, state: Finding['state'], message: string, remedy?: string): Finding {
  return { check: `port ${port}/${protocol}`, state, message, ...(remedy !== undefined && { remedy }) };
}

function remedyFor({ port, role }: WantedPort, holder: Listener): string {
  const end =
    holder.unit === undefined ? [] : [`Or end it, if it is not wanted: systemctl disable --now ${holder.unit}`];
  if (role === 'nginx') {
    const elsewhere = [
      'Leave it and take other ports: berth-agent enroll … --http-port 8080 --https-port 9443',
      "Or, where the other listens on an address of its own only, an address for Berth's: … --listen ADDRESS",
    ];
    return [...elsewhere, ...end].join('\n');
  }
  if (port === 67) return ['Leave it and hand out no addresses: berth-agent enroll … --no-dhcp', ...end].join('\n');
  const beside = [
    'Leave it and take an address that it leaves free: berth-agent enroll … --listen ADDRESS',
    ...(holder.program === 'dnsmasq' ? [besideDnsmasq()] : []),
  ];
  return [...beside, ...end].join('\n');
}

function besideDnsmasq(): string {
  return [
    'A dnsmasq takes all addresses unless it is told otherwise:',
    "printf 'bind-dynamic\\nexcept-interface=INTERFACE\\n' >/etc/dnsmasq.d/beside-berth.conf && systemctl restart dnsmasq",
  ].join('\n');
}
