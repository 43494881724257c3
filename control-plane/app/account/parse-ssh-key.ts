/**
 * SSH public keys as people paste them. What is let through ends up, byte for byte, in what sshd reads as
 * authorized_keys, so it is taken apart to the last byte: the type, the numbers within, nothing before and nothing
 * after. Options such as `command=` would stand before the type, and are therefore none.
 */
import { createHash } from 'node:crypto';
import { BlobReader } from './blob-reader.ts';

/** A key taken apart and put together again. */
export interface ParsedSshKey {
  type: string;
  /** "type base64", as sshd reads it. */
  publicKey: string;
  /** "SHA256:…", as ssh-keygen tells it. */
  fingerprint: string;
  comment: string;
}

/** A key, or what is wrong with it. */
export type SshKeyParse = { key: ParsedSshKey } | { fault: string };

const MAX_TEXT = 16_000;
const RSA_BITS = { min: 2_048, max: 16_384 };
/** Bytes of an uncompressed point of each curve. */
const POINTS: Record<string, number> = { nistp256: 65, nistp384: 97, nistp521: 133 };
const ED25519_BYTES = 32;

/** What stands in the blob after the type. Each throws on what is not so. */
const BODIES: Record<string, (blob: BlobReader) => string | undefined> = {
  'ssh-ed25519': ed25519,
  'ssh-rsa': rsa,
  'ecdsa-sha2-nistp256': (blob) => ecdsa(blob, 'nistp256'),
  'ecdsa-sha2-nistp384': (blob) => ecdsa(blob, 'nistp384'),
  'ecdsa-sha2-nistp521': (blob) => ecdsa(blob, 'nistp521'),
  'sk-ssh-ed25519@openssh.com': (blob) => ed25519(blob) ?? application(blob),
  'sk-ecdsa-sha2-nistp256@openssh.com': (blob) => ecdsa(blob, 'nistp256') ?? application(blob),
};

/** Takes a public key apart. */
export function parseSshKey(text: string): SshKeyParse {
  const line = text.trim();
  if (line === '') return { fault: 'is required' };
  if (line.length > MAX_TEXT) return { fault: 'is too long for a public key' };
  if (/PRIVATE KEY/.test(line)) {
    return {
      fault: 'is a private key, which nobody else may ever see; paste the content of the file that ends in .pub',
    };
  }
  if (/[\r\n]/.test(line)) return { fault: 'must be one key on one line' };
  const [type = '', base64 = '', ...comment] = line.split(/[ \t]+/);
  const body = Object.hasOwn(BODIES, type) ? BODIES[type] : undefined;
  if (!body) return { fault: typeFault(type) };
  const bytes = Buffer.from(base64, 'base64');
  if (base64 === '' || bytes.toString('base64') !== base64)
    return { fault: 'is cut off or changed: not proper base64' };
  const fault = bodyFault(new BlobReader(bytes), type, body);
  if (fault) return { fault };
  const fingerprint = `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
  return { key: { type, publicKey: `${type} ${base64}`, fingerprint, comment: comment.join(' ') } };
}

function typeFault(type: string): string {
  const known = Object.keys(BODIES).join(', ');
  if (type === 'ssh-dss')
    return 'is a DSA key, which is too weak and which sshd refuses; make one with: ssh-keygen -t ed25519';
  if (/-cert-v\d+@/.test(type)) return 'is a certificate; paste the plain public key';
  if (/[=,"]/.test(type)) return 'must begin with its type; options before it are not taken';
  return `must be as in a file *.pub and begin with one of ${known}`;
}

function bodyFault(blob: BlobReader, type: string, body: (blob: BlobReader) => string | undefined): string | undefined {
  const damaged = 'is cut off or changed: what it holds is not a key of its type';
  if (blob.string()?.toString('latin1') !== type) return damaged;
  const fault = body(blob);
  if (fault !== undefined) return fault === '' ? damaged : fault;
  return blob.atEnd() ? undefined : damaged;
}

/** '' means damaged. */
function ed25519(blob: BlobReader): string | undefined {
  return blob.string()?.length === ED25519_BYTES ? undefined : '';
}

function ecdsa(blob: BlobReader, curve: string): string | undefined {
  if (blob.string()?.toString('latin1') !== curve) return '';
  const point = blob.string();
  return point?.length === POINTS[curve] && point?.[0] === 4 ? undefined : '';
}

function application(blob: BlobReader): string | undefined {
  const name = blob.string()?.toString('latin1');
  return name !== undefined && /^ssh:[\x21-\x7e]{0,100}$/.test(name) ? undefined : '';
}

function rsa(blob: BlobReader): string | undefined {
  const exponent = blob.positive();
  const modulus = blob.positive();
  if (exponent === undefined || modulus === undefined) return '';
  if (exponent < 3n || exponent % 2n === 0n || exponent >= 1n << 64n || modulus % 2n === 0n) return '';
  const bits = modulus.toString(2).length;
  if (bits < RSA_BITS.min) return `has ${bits} bits; RSA keys need at least ${RSA_BITS.min}`;
  return bits > RSA_BITS.max ? `has ${bits} bits; at most ${RSA_BITS.max} are taken` : undefined;
}
