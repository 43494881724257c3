import { describe, expect, it } from 'vitest';
import { hashPassword, passwordFault, verifyPassword } from './password.ts';

describe('passwords', () => {
  it('are kept as argon2id with 19 MiB, two passes and one lane', async () => {
    expect(await hashPassword('correct horse')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('match only themselves', async () => {
    const phc = await hashPassword('correct horse');
    expect(await verifyPassword(phc, 'correct horse')).toBe(true);
    expect(await verifyPassword(phc, 'correct Horse')).toBe(false);
  });

  it('match in any Unicode form of the same characters', async () => {
    const phc = await hashPassword('ﬁancée-ﬁancée');
    expect(await verifyPassword(phc, 'fiance\u0301e-fiance\u0301e')).toBe(true);
  });

  it('never match for a person that is not there', async () => {
    expect(await verifyPassword(undefined, 'nobody has this password')).toBe(false);
    expect(await verifyPassword('', 'nobody has this password')).toBe(false);
    expect(await verifyPassword('', '')).toBe(false);
  });

  it('are counted in characters as they are compared, with no limit below 1,024', async () => {
    expect(passwordFault('e\u0301'.repeat(9))).toMatch(/at least 10/);
    const long = 'Zwölf Boxkämpfer jagen Viktor. '.repeat(33);
    expect([...long].length).toBe(1_023);
    expect(passwordFault(long)).toBeUndefined();
    expect(await verifyPassword(await hashPassword(long), long)).toBe(true);
    expect(await verifyPassword(await hashPassword(long), long.slice(0, -1))).toBe(false);
  });

  it.each([
    '1234567890',
    'qwertyuiop',
    'Password123!',
    'P@ssw0rd2026',
    'manchester',
    'MANCHESTER7',
    '9876543210',
    'aaaaaaaaaaaa',
  ])('that everybody tries are refused: %s', (password) => expect(passwordFault(password)).toBeDefined());

  it.each(['ada.lovelace', 'Lovelace-1815', 'AdaLovelace!', 'ada@analytical.example', '@dal0velace9'])(
    'made of the name or the address are refused: %s',
    (password) =>
      expect(passwordFault(password, ['ada', 'Ada Lovelace', 'ada@analytical.example'])).toMatch(/your name/),
  );

  it('have 10 to 1,024 characters', () => {
    expect(passwordFault('123456789')).toMatch(/at least 10/);
    expect(passwordFault('kl7 vw0x z')).toBeUndefined();
    expect(passwordFault('äöüäöüäöüß')).toBeUndefined();
    expect(passwordFault('x'.repeat(1025))).toMatch(/at most 1024/);
  });
});
