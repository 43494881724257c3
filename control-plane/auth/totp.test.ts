import { describe, expect, it } from 'vitest';
import { matchTotp, newTotpSecret, totpCode, totpUri } from './totp.ts';

/** "12345678901234567890" in base 32, the secret of RFC 6238's appendix B. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('one-time codes', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [20_000_000_000, '353130'],
  ])('are those of RFC 6238 at %i s', (seconds, code) => {
    expect(totpCode(SECRET, seconds * 1000)).toBe(code);
  });

  it('are taken one step early or late, and no further', () => {
    const at = 1_700_000_010_000;
    const code = totpCode(SECRET, at);
    for (const off of [-30_000, 0, 30_000]) expect(matchTotp(SECRET, code, at + off, null)).toBe(56_666_667);
    for (const off of [-60_000, 60_000]) expect(matchTotp(SECRET, code, at + off, null)).toBeUndefined();
  });

  it('work once, and none that is older afterwards', () => {
    const at = 1_700_000_010_000;
    const step = matchTotp(SECRET, totpCode(SECRET, at), at, null) ?? 0;
    expect(matchTotp(SECRET, totpCode(SECRET, at), at, step)).toBeUndefined();
    expect(matchTotp(SECRET, totpCode(SECRET, at - 30_000), at, step)).toBeUndefined();
    expect(matchTotp(SECRET, totpCode(SECRET, at + 30_000), at, step)).toBe(step + 1);
  });

  it.each(['', '12345', '1234567', '12345a', '１２３４５６', ' 12345'])('are never "%s"', (code) => {
    expect(matchTotp(SECRET, code, 1_700_000_000_000, null)).toBeUndefined();
  });

  it('come from secrets of 160 bits that programs can read', () => {
    const secret = newTotpSecret();
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(newTotpSecret()).not.toBe(secret);
    expect(totpUri(secret, 'Berth lab', 'ada')).toBe(
      `otpauth://totp/Berth%20lab:ada?secret=${secret}&issuer=Berth%20lab&algorithm=SHA1&digits=6&period=30`,
    );
  });
});
