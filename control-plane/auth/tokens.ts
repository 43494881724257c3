import { createHash, randomBytes } from 'node:crypto';

/** What session tokens begin with, so that scanners of leaked secrets know them. */
const SESSION_PREFIX = 'bes_';
const PENDING_PREFIX = 'bep_';

/** A new session token: 256 random bits. */
export function newSessionToken(): string {
  return SESSION_PREFIX + randomBytes(32).toString('base64url');
}

/** What API tokens begin with. */
const API_PREFIX = 'bet_';

/** A new API token: 256 random bits. */
export function newApiToken(): string {
  return API_PREFIX + randomBytes(32).toString('base64url');
}

/** Whether a token is one for programs. */
export function isApiToken(token: string): boolean {
  return token.startsWith(API_PREFIX);
}

/** A new secret that ties a journey to a provider to one browser: 256 random bits. */
export function newBrowserToken(): string {
  return randomBytes(32).toString('base64url');
}

/** A new token of something that is half done, which only its browser or program keeps. */
export function newPendingToken(): string {
  return PENDING_PREFIX + randomBytes(32).toString('base64url');
}

/** What tokens of links begin with. */
const LINK_PREFIX = 'bml_';

/** A new token for a link that is sent by mail: 256 random bits. */
export function newLinkToken(): string {
  return LINK_PREFIX + randomBytes(32).toString('base64url');
}

/** A new setup code: 100 random bits in groups that can be typed. */
export function newSetupCode(): string {
  return newTypableCode(20);
}

/** A random code in groups of five that can be typed, five bits a character. */
export function newTypableCode(length: number): string {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  const characters = [...randomBytes(length)].map((byte) => alphabet[byte & 31]).join('');
  return characters.replace(/(.{5})(?!$)/g, '$1-');
}

/** What the store keeps of a token: SHA-256 in hex. Tokens are random, so no slow hash is needed. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
