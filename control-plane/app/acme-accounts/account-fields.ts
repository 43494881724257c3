import type { AcmeAccount } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { isAllowedUrl } from '../../auth/oidc/allowed-url.ts';
import type { AcmeAccountChange } from '../../store/acme-accounts.ts';
import type { Row } from '../../store/schema.ts';
import { emailFault } from '../validate/email.ts';
import { hostnameFault } from '../validate/names.ts';
import { certificatePemFault } from '../validate/pve.ts';
import type { Violations } from '../validate/violations.ts';

/** What people decide about an account, in the names of the API. */
export interface AccountFields {
  name: string;
  email: string;
  terms_agreed: boolean;
  eab_key_id: string;
  eab_hmac_key: string;
  ca_pem: string;
}

/** Every field that an update may name. */
export const ACCOUNT_PATHS = [
  'name',
  'email',
  'terms_agreed',
  'eab_key_id',
  'eab_hmac_key',
  'ca_pem',
] as const satisfies (keyof AccountFields)[];

/** Directories by the names that stand for them. */
const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

const MAX_URL = 500;

/** The fields of a message. */
export function fieldsOfMessage(account: AcmeAccount): AccountFields {
  return {
    name: account.name,
    email: account.email,
    terms_agreed: account.termsAgreed,
    eab_key_id: account.eabKeyId,
    eab_hmac_key: account.eabHmacKey,
    ca_pem: account.caPem,
  };
}

/** The fields of a row; the binding's key stays where it is. */
export function fieldsOfRow(row: Row<'acme_accounts'>): AccountFields {
  return {
    name: row.name,
    email: row.email,
    terms_agreed: row.terms_agreed === 1,
    eab_key_id: row.eab_key_id,
    eab_hmac_key: '',
    ca_pem: row.ca_pem,
  };
}

/** The columns of the fields that are named; the binding's key is sealed by the verb. */
export function columnsOf(fields: AccountFields, named: ReadonlySet<string>): AcmeAccountChange {
  const { terms_agreed, eab_hmac_key: _, ...rest } = fields;
  const all = { ...rest, terms_agreed: terms_agreed ? 1 : 0 };
  return Object.fromEntries(Object.entries(all).filter(([path]) => named.has(path)));
}

/** What the audit may know of the fields that are named. */
export function auditable(fields: AccountFields, named: ReadonlySet<string>): Record<string, unknown> {
  const shown = { ...fields, eab_hmac_key: '(changed)' };
  return Object.fromEntries(Object.entries(shown).filter(([path]) => named.has(path)));
}

/** The URL of a directory that is named by its URL, or by the name of an authority that everybody knows. */
export function directoryUrl(text: string): string {
  return DIRECTORIES[text] ?? text;
}

/** A directory: an https URL; http for one on this machine. */
export function directoryFault(text: string): string | undefined {
  if (text === '') return 'is required';
  const names = Object.keys(DIRECTORIES);
  if (names.includes(text)) return undefined;
  const description = `must be the https URL of a directory, or one of ${names.join(', ')}`;
  const plain = /^https?:\/\/[\w.:[\]%~/?=&-]+$/.test(text) && text.length <= MAX_URL && URL.canParse(text);
  return plain && isAllowedUrl(new URL(text)) ? undefined : description;
}

/** Checks every field by itself, and the two of the external binding together. @param bound whether its key is known already */
export function checkAccount(fields: AccountFields, bound: boolean, found: Violations): void {
  const check = (path: keyof AccountFields, fault: string | undefined) => found.check(`account.${path}`, fault);
  check('name', hostnameFault(fields.name));
  check('email', fields.email === '' ? undefined : emailFault(fields.email));
  check('eab_key_id', keyIdFault(fields.eab_key_id));
  const right = check('eab_hmac_key', hmacKeyFault(fields.eab_hmac_key));
  check('ca_pem', fields.ca_pem === '' ? undefined : certificatePemFault(fields.ca_pem));
  const { eab_key_id: id, eab_hmac_key: key } = fields;
  if (right && key !== '' && id === '') check('eab_key_id', 'is needed with the key');
  if (right && key === '' && id !== '' && !bound) check('eab_hmac_key', 'is needed with the key identifier');
}

function keyIdFault(text: string): string | undefined {
  return /^[\x21-\x7e]{0,255}$/.test(text) ? undefined : 'must be at most 255 printable characters without spaces';
}

/** base64url of at least 128 bits (RFC 8555, 7.3.4). */
function hmacKeyFault(text: string): string | undefined {
  return text === '' || /^[A-Za-z0-9_-]{22,1024}$/.test(text) ? undefined : 'must be base64url of at least 16 bytes';
}
