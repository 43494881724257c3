import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals secrets at rest with AES-256-GCM under a key from a file outside the database. The context (such as
 * "nodes.token_secret:nod-…") is authenticated, so a box moved to another row does not open.
 */
export interface SecretBox {
  seal(plain: string, context: string): Uint8Array;
  /** @throws when the key is another, the context differs or the box was changed. */
  open(box: Uint8Array, context: string): string;
  /** 32 bytes that follow from the key and a purpose, e.g. to sign with; all replicas have the same. */
  keyFor(purpose: string): Uint8Array;
}

/** @param masterKey at least 32 random bytes */
export function createSecretBox(masterKey: Uint8Array): SecretBox {
  if (masterKey.length < 32) throw new Error('the key for secrets must have at least 32 bytes');
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', 'berth secrets at rest v1', 32));
  return {
    keyFor: (purpose) => new Uint8Array(hkdfSync('sha256', masterKey, '', `berth ${purpose}`, 32)),
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), sealed]);
    },
    open(box, context) {
      const bytes = Buffer.from(box);
      if (bytes[0] !== VERSION) throw new Error('this secret was sealed by a newer version');
      const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
      const tag = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      decipher.setAuthTag(tag);
      return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString();
    },
  };
}
