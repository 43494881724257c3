/**
 * What is wrong with a certificate that somebody uploads, if anything: it is served from the next moment on, so whatever
 * would make a browser, or nginx, refuse it is found here.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { certificateFacts, splitChain } from '../../acme/certificate-facts.ts';

/** Longest chain and key, in characters. */
const MAX_PEM = 65_536;
const MAX_CHAIN = 10;
const MIN_RSA_BITS = 2_048;
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const CHAIN = /^(?:\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----)+\s*$/;
const KEY =
  /^\s*(?:-----BEGIN EC PARAMETERS-----[A-Za-z0-9+/=\s]+-----END EC PARAMETERS-----)?\s*-----BEGIN ((?:EC |RSA )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----\s*$/;

/** What a certificate is to be good for. */
export interface Wanted {
  domain: string;
  /** Names that are served under it. */
  inUse: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
}

/** What is wrong with a chain, apart from its key. */
export function chainFault(pem: string, wanted: Wanted): string | undefined {
  if (pem === '') return 'is required';
  if (pem.length > MAX_PEM) return `must have at most ${MAX_PEM} characters`;
  if (!CHAIN.test(pem)) return 'must be certificates in PEM and nothing else';
  const chain = readChain(pem);
  const [leaf] = chain ?? [];
  if (!chain || !leaf) return 'holds a certificate that cannot be read';
  if (chain.length > MAX_CHAIN) return `must have at most ${MAX_CHAIN} certificates`;
  return orderFault(leaf, chain) ?? validityFault(chain, wanted.now) ?? namesFault(leaf, pem, wanted);
}

/** What is wrong with the key for the first certificate of a chain that has no fault. */
export function keyFault(pem: string, chainPem: string): string | undefined {
  if (pem === '') return 'is required';
  if (pem.length > MAX_PEM) return `must have at most ${MAX_PEM} characters`;
  if (/ENCRYPTED/.test(pem)) return 'must not be encrypted: take the passphrase off first';
  if (!KEY.test(pem)) return 'must be one private key in PEM and nothing else';
  const key = readKey(pem);
  if (!key) return 'cannot be read';
  const [leaf] = readChain(chainPem) ?? [];
  if (!leaf?.checkPrivateKey(key)) return 'is not the key of the first certificate';
  return kindFault(key);
}

/** A key as PKCS #8 PEM, whatever it was written as. */
export function asPkcs8(pem: string): string {
  return createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString();
}

function readChain(pem: string): X509Certificate[] | undefined {
  try {
    return splitChain(pem).map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Each is signed by the next: names alone may agree by chance, or by intent. */
function orderFault(leaf: X509Certificate, chain: readonly X509Certificate[]): string | undefined {
  if (leaf.ca) return "must begin with the certificate of the names, not with an authority's";
  if (signedBy(leaf, leaf)) return 'is signed by nobody but itself; Berth makes such a one by itself';
  for (const [i, signer] of chain.slice(1).entries()) {
    const signed = chain[i];
    if (!signed || !signer.ca || !signedBy(signed, signer)) {
      return `must have each certificate followed by the one that signed it; the ${ordinal(i + 2)} did not sign the one before`;
    }
  }
  return undefined;
}

function signedBy(signed: X509Certificate, signer: X509Certificate): boolean {
  return signed.checkIssued(signer) && signed.verify(signer.publicKey);
}

function validityFault(chain: readonly X509Certificate[], now: number): string | undefined {
  for (const [i, { validFromDate: from, validToDate: to }] of chain.entries()) {
    const which = i === 0 ? 'the certificate' : `the ${ordinal(i + 1)} certificate`;
    if (from.getTime() > now) return `${which} is not valid before ${from.toISOString()}`;
    if (to.getTime() <= now) return `${which} ended on ${to.toISOString()}`;
  }
  return undefined;
}

function namesFault(leaf: X509Certificate, pem: string, { domain, inUse }: Wanted): string | undefined {
  const names = certificateFacts(pem).dnsNames;
  const uncovered = inUse.filter((name) => !covers(names, name));
  if (uncovered.length > 0)
    return `does not cover ${uncovered.slice(0, 5).join(', ')}, which ${uncovered.length === 1 ? 'is' : 'are'} served`;
  const fits = names.some((name) => name === domain || name.slice(name.indexOf('.') + 1) === domain);
  if (fits) return undefined;
  return `is for ${names.slice(0, 5).join(', ') || leaf.subject}, not for ${domain}`;
}

/** RFC 6125, 6.4.3: a wildcard stands for one whole label. */
function covers(names: readonly string[], host: string): boolean {
  const above = host.slice(host.indexOf('.') + 1);
  return names.some((name) => name.toLowerCase() === host || name.toLowerCase() === `*.${above}`);
}

/** What browsers and the agents' nginx take. */
function kindFault({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string | undefined {
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    return bits >= MIN_RSA_BITS ? undefined : `must have at least ${MIN_RSA_BITS} bits`;
  }
  if (type === 'ec' && CURVES.includes(details?.namedCurve ?? '')) return undefined;
  return 'must be RSA, or ECDSA on P-256, P-384 or P-521';
}

function ordinal(position: number): string {
  return ['first', 'second', 'third'][position - 1] ?? `${position}th`;
}
