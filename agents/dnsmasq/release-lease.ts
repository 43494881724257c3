import { readFile } from 'node:fs/promises';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { CommandFailureCode, type ReleaseLease } from '@berth/proto/agent/v1/command_pb.js';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import { replaceFile } from '../shared/durable-files.ts';
import type { CommandOutcome } from '../shared/role.ts';
import { runProgram } from '../shared/run-program.ts';
import type { DnsmasqConfig } from './config.ts';
import { parseIpv4 } from './ipv4.ts';
import { readLeases, withoutLease } from './lease-file.ts';
import type { DnsmasqServer } from './server.ts';

/** Milliseconds dnsmasq may take to strike the lease off after a DHCPRELEASE. */
const RELEASE_TIMEOUT_MS = 2_000;

/** What ending a lease needs. */
export interface LeaseReleaser {
  config: DnsmasqConfig;
  server: DnsmasqServer;
  clock: Clock;
  /** Runs work that must have the process to itself. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Ends a lease, so that its address is free at once. The way that disturbs nobody is a DHCPRELEASE in the client's
 * name (dhcp_release of dnsmasq-utils); where that does not help, a managed dnsmasq is stopped for the moment in which
 * its lease file is edited. A lease that is not there is a success.
 */
export async function releaseLease(host: LeaseReleaser, { mac, address }: ReleaseLease): Promise<CommandOutcome> {
  if (!(await isLeased(host, mac, address))) return { ok: true, success: {} };
  // A dnsmasq without DHCP does not hold the file.
  if (!host.config.dhcp) return (await strikeOff(host.config.leaseFile, mac, address)) ?? { ok: true, success: {} };
  const words = await sendRelease(host, mac, address);
  if (words === undefined) return { ok: true, success: {} };
  if (!host.config.manage) return failure(`the lease of ${mac} could not be ended: ${words}`);
  return host.inTurn(() => editLeases(host, mac, address));
}

/** Undefined when the lease is gone, else what stood in the way. */
async function sendRelease(host: LeaseReleaser, mac: string, address: string): Promise<string | undefined> {
  const device = interfaceOf(address, networkInterfaces());
  if (device === undefined) return `no interface of this host is in the network of ${address}`;
  const result = await runProgram('dhcp_release', [device, address, mac], { timeoutMs: 5_000 });
  if (result.exitCode !== 0) return result.stderr || 'dhcp_release cannot be run';
  const deadline = host.clock.now() + RELEASE_TIMEOUT_MS;
  while (await isLeased(host, mac, address)) {
    if (host.clock.now() > deadline) return 'dnsmasq did not take the DHCPRELEASE';
    await delay(host.clock, 20);
  }
  return undefined;
}

async function editLeases(host: LeaseReleaser, mac: string, address: string): Promise<CommandOutcome> {
  if (!(await host.server.stop())) return failure('dnsmasq did not end, so its lease file was not touched');
  const edited = await strikeOff(host.config.leaseFile, mac, address);
  const started = await host.server.start();
  if (started.exitCode !== 0) return failure(`dnsmasq did not start again: ${started.stderr}`);
  return edited ?? { ok: true, success: {} };
}

async function strikeOff(file: string, mac: string, address: string): Promise<CommandOutcome | undefined> {
  try {
    await replaceFile(file, withoutLease(await readFile(file, 'utf8'), mac, address), 0o644);
    return undefined;
  } catch (error) {
    return failure(`the lease file cannot be edited: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function isLeased(host: LeaseReleaser, mac: string, address: string): Promise<boolean> {
  const leases = await readLeases(host.config.leaseFile, host.clock);
  return leases.some((lease) => lease.mac === mac.toLowerCase() && lease.address === address);
}

function failure(message: string): CommandOutcome {
  return { ok: false, code: CommandFailureCode.UNAVAILABLE, message };
}

/** Name of the interface whose network holds `address`, or undefined. */
export function interfaceOf(
  address: string,
  interfaces: NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'netmask'>[]>,
): string | undefined {
  const wanted = parseIpv4(address);
  if (wanted === undefined) return undefined;
  for (const [name, addresses] of Object.entries(interfaces)) {
    if (addresses?.some((own) => sameNetwork(wanted, own))) return name;
  }
  return undefined;
}

function sameNetwork(wanted: number, own: Pick<NetworkInterfaceInfo, 'address' | 'netmask'>): boolean {
  const address = parseIpv4(own.address);
  const mask = parseIpv4(own.netmask);
  if (address === undefined || mask === undefined) return false;
  const size = 2 ** 32 - mask;
  return Math.floor(wanted / size) === Math.floor(address / size);
}
