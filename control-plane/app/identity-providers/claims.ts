import type { Claims, ProviderAnswer } from '../../auth/oidc/relying-party.ts';
import { emailFault, plainEmail } from '../validate/email.ts';

/** Who somebody is, as far as a provider says. */
export interface ClaimedPerson {
  issuer: string;
  subject: string;
  /** In lower case; only with the provider's word that it is the person's. */
  verifiedEmail: string | undefined;
  /** In lower case, without that word. */
  unverifiedEmail: string | undefined;
  preferredUsername: string;
  displayName: string;
}

/** Reads what an answer says of a person. Nothing in it is believed to have any form. */
export function personOf({ issuer, subject, idToken, userInfo }: ProviderAnswer): ClaimedPerson {
  const sources = [idToken, userInfo];
  // Address and word of it come from one source: one's address with another's word would prove nothing.
  const verified = sources.find((claims) => isTrue(claims.email_verified) && emailOf(claims) !== undefined);
  const unverified = sources.find((claims) => emailOf(claims) !== undefined);
  return {
    issuer,
    subject,
    verifiedEmail: verified && emailOf(verified),
    unverifiedEmail: verified ? undefined : unverified && emailOf(unverified),
    preferredUsername: firstText(sources, 'preferred_username'),
    displayName: firstText(sources, 'name'),
  };
}

/**
 * The values of the groups' claim: a list of texts, or one text. The claim is named as it is, or by a path such as
 * "realm_access.roles". The ID token goes before what the provider says else; a claim that is nowhere has no values.
 */
export function groupValues({ idToken, userInfo }: ProviderAnswer, claim: string): Set<string> {
  for (const claims of [idToken, userInfo]) {
    const value = claims[claim] ?? atPath(claims, claim.split('.'));
    if (value === undefined || value === null) continue;
    return new Set((Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string'));
  }
  return new Set();
}

function atPath(claims: Claims, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    claims,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Some providers send the word as text.
function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

function emailOf({ email }: Claims): string | undefined {
  return typeof email === 'string' && emailFault(email) === undefined ? plainEmail(email) : undefined;
}

function firstText(sources: readonly Claims[], name: string): string {
  const value = sources.map((claims) => claims[name]).find((text) => typeof text === 'string' && text !== '');
  return typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ').trim() : '';
}
