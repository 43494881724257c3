import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashForCrypt, sha512Crypt } from './sha512-crypt.ts';

// perl's crypt is the C library's, which is what nginx asks.
const byLibrary = (password: string, setting: string) =>
  execFileSync('perl', ['-e', 'print crypt($ARGV[0], $ARGV[1])', '--', password, setting], { encoding: 'utf8' });

it('hashes as the C library does', () => {
  const salts = fc.string({ unit: fc.constantFrom(...'./09AZaz'), minLength: 1, maxLength: 16 });
  const passwords = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 130 })
    .filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(passwords, salts, fc.integer({ min: 1_000, max: 1_003 }), (password, salt, rounds) => {
      const hash = sha512Crypt(password, salt, rounds);
      expect(hash).toBe(byLibrary(password, hash));
    }),
    { numRuns: 60 },
  );
});

it('hashes as the text of the method says', () => {
  // The second of the test vectors there.
  expect(sha512Crypt('Hello world!', 'saltstringsaltst', 10_000)).toBe(
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
  );
});

it('gives every hash a salt of its own, and openssl checks it', () => {
  const [one, other] = [hashForCrypt('six gulls'), hashForCrypt('six gulls')];
  expect(one).not.toBe(other);
  const salt = /^\$6\$(rounds=1000\$[./0-9A-Za-z]{16})\$/.exec(one)?.[1] ?? '';
  expect(execFileSync('openssl', ['passwd', '-6', '-salt', salt, 'six gulls'], { encoding: 'utf8' }).trim()).toBe(one);
});
