import type { ClaimedPerson } from './claims.ts';

const MAX = 32;
/** Room for "-" and a number that makes a name unique. */
const ROOM = 6;

/**
 * Login names for somebody new, from what a provider calls him: first the best one, then the same with a number. They
 * have the form of login names, whatever the claims hold.
 * @param isTaken whether a name is somebody's, or one that nobody may have
 */
export async function freeLoginName(
  person: Pick<ClaimedPerson, 'preferredUsername' | 'verifiedEmail' | 'unverifiedEmail' | 'displayName'>,
  isTaken: (name: string) => Promise<boolean>,
): Promise<string> {
  const stem = stemOf(person);
  for (let n = 1; n < 10_000; n++) {
    const name = n === 1 ? stem : `${stem.slice(0, MAX - ROOM)}-${n}`;
    if (!(await isTaken(name))) return name;
  }
  throw new Error(`no login name like ${stem} is free`);
}

function stemOf({
  preferredUsername,
  verifiedEmail,
  unverifiedEmail,
  displayName,
}: Parameters<typeof freeLoginName>[0]) {
  const claimed = [preferredUsername, verifiedEmail ?? '', unverifiedEmail ?? '', displayName];
  return claimed.map(asLoginName).find((name) => name !== '') ?? 'user';
}

/** What of a text can be a login name: an address's part before "@", without accents; empty when nothing can. */
function asLoginName(text: string): string {
  return text
    .replace(/@.*$/s, '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, '-')
    .replace(/^[^a-z_]+/, '')
    .slice(0, MAX)
    .replace(/[.-]+$/, '');
}
