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
  });

  it('have 10 to 1,024 characters', () => {
    expect(passwordFault('123456789')).toMatch(/at least 10/);
    expect(passwordFault('1234567890')).toBeUndefined();
    expect(passwordFault('x'.repeat(1025))).toMatch(/at most 1024/);
  });
});
