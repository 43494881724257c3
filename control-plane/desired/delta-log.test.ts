import { describe, expect, it } from 'vitest';
import { type AudienceChange, DeltaLog } from './delta-log.ts';

/** A round in which the digest of an audience goes from `n` to `n + 1`. */
const change = (n: number, ...keys: string[]): AudienceChange => ({
  before: BigInt(n),
  after: BigInt(n + 1),
  keys: new Set(keys),
});

describe('DeltaLog', () => {
  it('collects what changed since a set, oldest included, each key once', () => {
    const log = new DeltaLog();
    log.append(new Map([['nginx', change(1, 'a')]]));
    log.append(new Map([['dnsmasq', change(1, 'x')]]));
    log.append(new Map([['nginx', change(2, 'a', 'b')]]));
    expect(log.since(['nginx'], 3n, 1n)).toEqual(new Map([['nginx', new Set(['a', 'b'])]]));
    expect(log.since(['nginx'], 3n, 2n)).toEqual(new Map([['nginx', new Set(['a', 'b'])]]));
    expect(log.since(['nginx'], 3n, 3n)).toEqual(new Map());
  });

  it('finds a union by the sum of its digests, wherever each of its sets was', () => {
    const log = new DeltaLog();
    log.append(new Map([['nginx', change(1, 'a')]]));
    log.append(new Map([['dnsmasq', change(10, 'x')]]));
    const found = log.since(['nginx', 'dnsmasq'], 2n + 11n, 2n + 10n);
    expect(found).toEqual(new Map([['dnsmasq', new Set(['x'])]]));
  });

  it('does not know a set it never saw, nor one it has forgotten', () => {
    const log = new DeltaLog();
    expect(log.since(['nginx'], 1n, 7n)).toBeUndefined();
    for (let n = 1; n <= 2_000; n++) log.append(new Map([['nginx', change(n, `key ${n}`)]]));
    expect(log.since(['nginx'], 2_001n, 1_990n)?.get('nginx')?.size).toBe(11);
    expect(log.since(['nginx'], 2_001n, 1n)).toBeUndefined();
  });

  it('forgets by weight, and always keeps the last round', () => {
    const log = new DeltaLog();
    const many = Array.from({ length: 60_000 }, (_, n) => `key ${n}`);
    log.append(new Map([['nginx', change(1, 'a')]]));
    log.append(new Map([['nginx', change(2, ...many)]]));
    expect(log.since(['nginx'], 3n, 2n)?.get('nginx')?.size).toBe(60_000);
    expect(log.since(['nginx'], 3n, 1n)).toBeUndefined();
  });
});
