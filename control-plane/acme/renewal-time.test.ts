import { seededRandom } from '@berth/proto/contract/random.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ariId } from './certificate-facts.ts';
import { nextLook, parseRenewalInfo, soonest, twoThirds, withinWindow } from './renewal-time.ts';
import { retryAfterMs } from './retry-after.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 24);
const info = (start: string, end: string, more: object = {}) => ({ suggestedWindow: { start, end }, ...more });

describe('a renewal', () => {
  it.each([90 * DAY, 47 * DAY, 6 * DAY, 12 * HOUR, HOUR])('is at two thirds of %d ms, spread', (life) => {
    const random = seededRandom(3);
    const times = Array.from(
      { length: 200 },
      () => (twoThirds({ from: NOW, until: NOW + life }, random).at - NOW) / life,
    );
    expect(Math.min(...times)).toBeGreaterThan(0.63);
    expect(Math.max(...times)).toBeLessThan(0.701);
    expect(new Set(times.map((time) => time.toFixed(3))).size).toBeGreaterThan(20);
  });
});

describe('renewal information', () => {
  it('identifies a certificate as in the example of RFC 9773, 4.1', () => {
    const keyId = '69885B6B87464041E1B37B847BA0AE2CDE01C8D4';
    expect(ariId(keyId, '0087654321')).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
    expect(ariId(keyId, '87654321')).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
    expect(ariId('00', '7f')).toBe('AA.fw');
  });

  it('is read with its page, which must be one', () => {
    const read = (url: string) =>
      parseRenewalInfo(info('2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z', { explanationURL: url }));
    expect(read('https://ca.example/why')).toMatchObject({
      start: Date.UTC(2026, 10, 1),
      end: Date.UTC(2026, 10, 2),
      explanationUrl: 'https://ca.example/why',
    });
    expect(read('javascript:alert(1)')?.explanationUrl).toBe('');
  });

  it.each([
    undefined,
    'no',
    {},
    info('2026-11-02T00:00:00Z', '2026-11-02T00:00:00Z'),
    info('2026-11-03T00:00:00Z', '2026-11-02T00:00:00Z'),
    info('soon', 'later'),
  ])('that makes no sense is none: %j', (data) => {
    expect(parseRenewalInfo(data)).toBeUndefined();
  });

  it('gives a time in its window, and keeps one that still lies in it', () => {
    fc.assert(
      fc.property(
        fc.nat(DAY),
        fc.integer({ min: 1, max: DAY }),
        fc.nat(4 * DAY),
        fc.nat(),
        (from, length, chosen, seed) => {
          const window = { start: NOW + from, end: NOW + from + length, explanationUrl: '', retryAfterMs: undefined };
          const { at } = withinWindow(window, NOW + chosen, seededRandom(seed));
          expect(at).toBeGreaterThanOrEqual(window.start);
          expect(at).toBeLessThanOrEqual(window.end);
          if (NOW + chosen >= window.start && NOW + chosen <= window.end) expect(at).toBe(NOW + chosen);
        },
      ),
    );
  });

  it('cannot have a certificate replaced again and again', () => {
    expect(soonest({ from: NOW, until: NOW + 90 * DAY })).toBe(NOW + HOUR);
    expect(soonest({ from: NOW, until: NOW + 10 * HOUR })).toBe(NOW + HOUR / 2);
  });

  it('is looked at again when the authority says, within a minute and a day', () => {
    const life = { from: NOW, until: NOW + 90 * DAY };
    expect(nextLook(NOW, life, 3 * HOUR)).toBe(NOW + 3 * HOUR);
    expect(nextLook(NOW, life, 0)).toBe(NOW + 60_000);
    expect(nextLook(NOW, life, 30 * DAY)).toBe(NOW + DAY);
    expect(nextLook(NOW, life, undefined)).toBe(NOW + 6 * HOUR);
    expect(nextLook(NOW, { from: NOW, until: NOW + 10 * HOUR }, undefined)).toBe(NOW + HOUR / 2);
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Tue, 24 Nov 2026 00:01:00 GMT', 60_000],
    ['Mon, 23 Nov 2026 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });
});
