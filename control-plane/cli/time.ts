import { type Timestamp, timestampDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { InvalidArgumentError } from 'commander';

/** A moment as people read it, in UTC; empty where there is none. */
export function timeText(time: Timestamp | undefined): string {
  return time ? timestampDate(time).toISOString().slice(0, 19).replace('T', ' ') : '';
}

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment: "2026-03-01", "2026-03-01T12:00:00Z", or so long ago: "30m", "12h", "7d". */
export function timeOption(text: string): Timestamp {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = count === undefined ? Date.parse(text) : Date.now() - Number(count) * (UNITS[unit] ?? 0);
  if (!/^\d/.test(text) || !Number.isFinite(ms)) {
    throw new InvalidArgumentError(
      'It takes a date, a time such as 2026-03-01T12:00:00Z, or how long ago: 30m, 12h, 7d.',
    );
  }
  return timestampFromMs(ms);
}
