import type { Finding } from '@berth/proto/contract/finding.ts';
import { fault, ok, spanText, warning } from './check.ts';

/** What tells that this machine's clock is wrong. All times are milliseconds since the epoch. */
export interface ClockFacts {
  now: number;
  /** Another clock that should say the same, as of the database server; undefined where there is none. */
  other: { now: number; whose: string } | undefined;
  /** When the newest change was written down; undefined before the first. */
  newestChange: number | undefined;
  /** Whether the kernel's clock is kept right by somebody; undefined where nobody says (no systemd). */
  synchronised: boolean | undefined;
  /** In a container the clock is its host's. */
  container: boolean;
}

/** Certificates are backdated by more; agents' clocks are judged by them. */
const MOST_MS = 5_000;
const FAULT_MS = 60_000;
const KEEP = 'Have the clock kept: "timedatectl set-ntp true" (apt install systemd-timesyncd), then restart berth.';

/** Whether the clock is right. */
export function clockFindings(facts: ClockFacts): Finding[] {
  return [...compared(facts), ...kept(facts)];
}

function compared({ now, other, newestChange }: ClockFacts): Finding[] {
  const found: Finding[] = [];
  if (newestChange !== undefined && newestChange - now > MOST_MS) {
    const message = `it is ${spanText(newestChange - now)} behind the newest change in the database`;
    found.push(fault('clock', message, KEEP));
  }
  return other ? [...found, againstOther(now, other)] : found;
}

function againstOther(now: number, { now: theirs, whose }: NonNullable<ClockFacts['other']>): Finding {
  const off = now - theirs;
  if (Math.abs(off) <= MOST_MS) return ok('clock', `within ${spanText(MOST_MS)} of that of ${whose}`);
  const message = `it is ${spanText(off)} ${off < 0 ? 'behind' : 'ahead of'} that of ${whose}`;
  const remedy = `${KEEP} The same there.`;
  return Math.abs(off) > FAULT_MS ? fault('clock', message, remedy) : warning('clock', message, remedy);
}

function kept({ synchronised, container }: ClockFacts): Finding[] {
  if (synchronised === undefined) return [];
  if (synchronised) return [ok('clock', 'kept by NTP')];
  if (container) return [ok('clock', "this is a container: the clock is its host's, which is where NTP belongs")];
  return [warning('clock', 'nobody keeps it right (NTPSynchronized=no)', KEEP)];
}
