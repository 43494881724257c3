/**
 * Passkeys (Web Authentication, level 3) as second factors. What browsers send is JSON of a shape that is checked
 * here before the library sees it. A passkey belongs to a host name (the relying party's id), never to an address.
 */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import * as z from 'zod';
import type { Row } from '../store/schema.ts';

/** Who asks for passkeys: the installation under its name. */
export interface PasskeyParty {
  /** Host name, e.g. "berth.example". */
  id: string;
  /** Where its pages are, e.g. "https://berth.example:8443". */
  origins: readonly string[];
}

/** What is kept of a passkey to recognise it by. */
export interface NewPasskey {
  /** base64url. */
  credentialId: string;
  /** COSE. */
  publicKey: Uint8Array;
  signCount: number;
  transports: readonly string[];
}

/** How long somebody may take at his device; the pending token lives longer. */
const TIMEOUT_MS = 120_000;
/** Longest response taken, in characters; a real one has 1,000 to 5,000. */
const MAX_RESPONSE = 32_768;
const NAME = 'Berth';
/** EdDSA, ES256 and RS256 (COSE): what every device has one of. */
const ALGORITHMS = [-8, -7, -257];

const text = z.base64url().max(MAX_RESPONSE);
const common = {
  id: text.min(1).max(512),
  rawId: text.min(1).max(512),
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional(),
};
const registration = z.object({
  ...common,
  response: z.object({
    clientDataJSON: text,
    attestationObject: text,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,32}$/))
      .max(8)
      .optional(),
  }),
});
const assertion = z.object({
  ...common,
  response: z.object({
    clientDataJSON: text,
    authenticatorData: text,
    signature: text,
    userHandle: text.nullish().transform((handle) => handle ?? undefined),
  }),
});

/** What a browser sends after registering a passkey; undefined when it is nothing of the kind. */
export function parseRegistration(json: string): RegistrationResponseJSON | undefined {
  return parsed(json, registration) as RegistrationResponseJSON | undefined;
}

/** What a browser sends after using a passkey; undefined when it is nothing of the kind. */
export function parseAssertion(json: string): AuthenticationResponseJSON | undefined {
  return parsed(json, assertion) as AuthenticationResponseJSON | undefined;
}

function parsed<T>(json: string, schema: z.ZodType<T>): (T & { clientExtensionResults: object }) | undefined {
  if (json.length > MAX_RESPONSE) return undefined;
  try {
    return { ...schema.parse(JSON.parse(json)), clientExtensionResults: {} };
  } catch {
    return undefined;
  }
}

/** What a browser needs to register a passkey, as JSON. @param challenge base64url */
export async function creationOptions(
  party: PasskeyParty,
  user: { id: string; username: string },
  challenge: string,
  present: readonly Row<'passkeys'>[],
): Promise<string> {
  const options = await generateRegistrationOptions({
    rpName: NAME,
    rpID: party.id,
    userID: new Uint8Array(Buffer.from(user.id)),
    userName: user.username,
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    supportedAlgorithmIDs: ALGORITHMS,
    excludeCredentials: present.map(descriptor),
    authenticatorSelection: { residentKey: 'discouraged', userVerification: 'preferred' },
  });
  return JSON.stringify(options);
}

/** What a browser needs to use one of some passkeys, as JSON. @param challenge base64url */
export async function requestOptions(
  party: PasskeyParty,
  challenge: string,
  passkeys: readonly Row<'passkeys'>[],
): Promise<string> {
  const options = await generateAuthenticationOptions({
    rpID: party.id,
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    timeout: TIMEOUT_MS,
    allowCredentials: passkeys.map(descriptor),
    userVerification: 'discouraged',
  });
  return JSON.stringify(options);
}

/** The passkey that a browser registered; undefined when the response does not answer the challenge. */
export async function registeredPasskey(
  party: PasskeyParty,
  challenge: string,
  response: RegistrationResponseJSON,
): Promise<NewPasskey | undefined> {
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    return { credentialId: id, publicKey, signCount: counter, transports: response.response.transports ?? [] };
  } catch {
    return undefined;
  }
}

/**
 * The counter after the use of a passkey; undefined when the response does not answer the challenge, is signed by
 * another key, or comes from a copy whose counter is behind.
 */
export async function assertedCount(
  party: PasskeyParty,
  challenge: string,
  passkey: Row<'passkeys'>,
  response: AuthenticationResponseJSON,
): Promise<number | undefined> {
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      credential: {
        id: passkey.credential_id,
        publicKey: new Uint8Array(passkey.public_key),
        counter: passkey.sign_count,
      },
      requireUserVerification: false,
    });
    return verified ? authenticationInfo.newCounter : undefined;
  } catch {
    return undefined;
  }
}

function descriptor({ credential_id, transports }: Row<'passkeys'>): { id: string; transports: string[] } {
  return { id: credential_id, transports: JSON.parse(transports) as string[] };
}
