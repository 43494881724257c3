import { generateKeyPairSync } from 'node:crypto';
import type { SecretBox } from '../store/secrets.ts';

/** Makes the key of a new account (P-256) and seals it for its row. */
export function newAccountKeyBox(secrets: SecretBox, accountId: string): Uint8Array {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return secrets.seal(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), keyContext(accountId));
}

/** The key of an account, PEM. @throws when the master key is another or the row was tampered with */
export function openAccountKey(secrets: SecretBox, account: { id: string; key_box: Uint8Array }): string {
  return secrets.open(account.key_box, keyContext(account.id));
}

/** Seals the HMAC key of an external account binding, base64url. */
export function sealEabKey(secrets: SecretBox, accountId: string, hmacKey: string): Uint8Array {
  return secrets.seal(hmacKey, eabContext(accountId));
}

/** Opens what `sealEabKey` sealed. @throws as `openAccountKey` does */
export function openEabKey(secrets: SecretBox, accountId: string, box: Uint8Array): string {
  return secrets.open(box, eabContext(accountId));
}

const keyContext = (id: string) => `acme_accounts.key_box:${id}`;
const eabContext = (id: string) => `acme_accounts.eab_hmac_box:${id}`;
