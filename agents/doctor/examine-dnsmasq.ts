import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@berth/proto/contract/clock.ts';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { DnsmasqProbe } from '../dnsmasq/ask.ts';
import type { DnsmasqConfig } from '../dnsmasq/config.ts';
import { interfaceOf } from '../dnsmasq/release-lease.ts';
import { FILES, mainDigestOf } from '../dnsmasq/render.ts';
import { DnsmasqServer } from '../dnsmasq/server.ts';
import type { Listener } from '../host/listeners.ts';

/** Whether dnsmasq runs, answers for what is live on the disk, and can hand out addresses. */
export async function examineDnsmasq(config: DnsmasqConfig, listeners: readonly Listener[]): Promise<Finding[]> {
  const main = await readFile(join(config.rootDir, 'current', FILES.main), 'utf8').catch(() => undefined);
  if (main === undefined) return [{ check: 'dnsmasq serves', state: 'ok', message: 'there is nothing to serve yet' }];
  const pid = await new DnsmasqServer(config, systemClock).pid();
  if (pid === undefined)
    return [{ check: 'dnsmasq serves', state: 'fault', message: 'dnsmasq does not run', ...restart(config) }];
  const answer = await answerFinding(config, main);
  return config.dhcp ? [answer, ...dhcpFindings(main, pid, listeners, config)] : [answer];
}

async function answerFinding(config: DnsmasqConfig, main: string): Promise<Finding> {
  const check = 'DNS answer';
  const digest = await new DnsmasqProbe(config, systemClock).mainDigest();
  if (digest === undefined)
    return { check, state: 'fault', message: 'dnsmasq runs and does not answer', ...restart(config) };
  if (digest === mainDigestOf(main))
    return { check, state: 'ok', message: 'dnsmasq answers for what is live on the disk' };
  const message = 'dnsmasq was started with other files than those that are live';
  return { check, state: 'fault', message, ...restart(config) };
}

/** Somebody gets an address only where this host has an interface in the network of a range. */
function dhcpFindings(main: string, pid: number, listeners: readonly Listener[], config: DnsmasqConfig): Finding[] {
  const check = 'DHCP';
  const ours = listeners.some((each) => each.protocol === 'udp' && each.port === 67 && each.pid === pid);
  const ranges = rangesOf(main);
  if (ranges.length === 0) return [{ check, state: 'ok', message: 'no network hands out addresses' }];
  if (!ours) return [{ check, state: 'fault', message: 'dnsmasq does not listen on port 67', ...restart(config) }];
  return ranges.map(({ start, end }): Finding => {
    const device = interfaceOf(start, networkInterfaces());
    if (device !== undefined) return { check, state: 'ok', message: `${start}–${end} on ${device}` };
    const message = `no interface of this host is in the network of ${start}–${end}: nobody gets an address`;
    const remedy =
      'Give the interface of the containers an address of the network: ip address add ADDRESS/BITS dev INTERFACE';
    return { check, state: 'fault', message, remedy };
  });
}

/** The ranges of a rendered main file. */
export function rangesOf(main: string): { start: string; end: string }[] {
  return [...main.matchAll(/^dhcp-range=set:[^,]+,([\d.]+),([\d.]+),/gm)].map(([, start = '', end = '']) => ({
    start,
    end,
  }));
}

function restart({ manage }: DnsmasqConfig): { remedy: string } {
  if (manage) return { remedy: 'systemctl restart berth-agent' };
  return { remedy: 'systemctl restart berth-dnsmasq.path berth-dnsmasq.service\nWhy: journalctl -u berth-dnsmasq' };
}
