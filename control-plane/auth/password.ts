import { hash, verify } from '@node-rs/argon2';
import { guessableFault } from './guessable.ts';

/** OWASP's argon2id profile: 19 MiB, two passes, one lane; the library's default algorithm is argon2id. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Bounds of a password, in characters. */
export const PASSWORD_LENGTH = { min: 10, max: 1024 };

/**
 * What is wrong with a new password, or undefined.
 * @param words near the account, which must not make up the password: login name, names, address
 */
export function passwordFault(password: string, words: readonly string[] = []): string | undefined {
  const length = [...password.normalize('NFKC')].length;
  if (length < PASSWORD_LENGTH.min) return `must have at least ${PASSWORD_LENGTH.min} characters`;
  if (length > PASSWORD_LENGTH.max) return `must have at most ${PASSWORD_LENGTH.max} characters`;
  return guessableFault(password, words);
}

/** Hash of a password in PHC form. Equal characters typed on different keyboards give equal bytes (NFKC). */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), COST);
}

let decoy: Promise<string> | undefined;

/**
 * Whether a password matches. Without a hash (no such person, or one without a password) it takes just as long and is
 * false, so that the time of an answer does not tell which login names exist.
 */
export async function verifyPassword(phc: string | undefined, password: string): Promise<boolean> {
  if (password.length > PASSWORD_LENGTH.max * 4) return false;
  decoy ??= hashPassword('nobody has this password');
  const matches = await verify(phc || (await decoy), password.normalize('NFKC'));
  return matches && Boolean(phc);
}
