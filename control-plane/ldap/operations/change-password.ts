import { randomInt } from 'node:crypto';
import { BerReader, malformed, SEQUENCE } from '../ber/reader.ts';
import { element, string } from '../ber/writer.ts';
import type { Names } from '../directory/names.ts';
import type { Identity } from '../identity.ts';
import type { ChangeOutcome, Passwords } from '../passwords.ts';
import type { Request } from '../protocol/requests.ts';
import { type Result, ResultCode, SUCCESS } from '../protocol/result-codes.ts';
import { type AttributeType, attributeType, attributeTypes } from '../schema/attributes.ts';
import { dnKey } from '../schema/dn.ts';

/** Who wants to change a password from where. */
export interface Changing {
  passwords: Passwords;
  names: Names;
  identity: Identity;
  /** Login name of the person who has bound, if a person has. */
  username: string | undefined;
  address: string;
}

/** How it ended; the identity is the one that the connection goes on with. */
export interface Changed {
  result: Result;
  /** The password that was made for a client that named none, as an answer. */
  value?: Buffer;
  identity: Identity;
}

/** Password Modify (RFC 3062): a person changes his own password. @throws MalformedBer */
export async function passwordModify(changing: Changing, value: Buffer | undefined): Promise<Changed> {
  const request = readPasswordModify(value);
  const whose = request.identity === undefined ? changing.username : nameOf(changing.names, request.identity);
  if (request.replacement !== undefined) return change(changing, whose, request.old, request.replacement);
  const made = randomPassword();
  const changed = await change(changing, whose, request.old, made);
  return changed.result.code === ResultCode.success
    ? { ...changed, value: element(SEQUENCE, string(made, 0x80)) }
    : changed;
}

interface PasswordModify {
  identity: string | undefined;
  old: string | undefined;
  replacement: string | undefined;
}

function readPasswordModify(value: Buffer | undefined): PasswordModify {
  const request: PasswordModify = { identity: undefined, old: undefined, replacement: undefined };
  if (!value) return request;
  const reader = new BerReader(value, 0, value.length);
  const end = reader.expect(SEQUENCE, value.length);
  if (reader.peek(end) === 0x80) request.identity = reader.text(0x80, end);
  if (reader.peek(end) === 0x81) request.old = reader.text(0x81, end);
  if (reader.peek(end) === 0x82) request.replacement = reader.text(0x82, end);
  if (reader.pos !== value.length) malformed();
  return request;
}

/** A login name from what clients name people by: a name of an entry, or "dn:…" or "u:…" (RFC 4513, 5.2.1.8). */
function nameOf(names: Names, identity: string): string | undefined {
  if (identity.startsWith('u:')) return identity.slice(2);
  const key = dnKey(identity.startsWith('dn:') ? identity.slice(3) : identity);
  return key === undefined ? undefined : names.usernameOf(key);
}

const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

function randomPassword(): string {
  return Array.from({ length: 20 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

async function change(
  { passwords, identity, username, address }: Changing,
  whose: string | undefined,
  old: string | undefined,
  replacement: string,
): Promise<Changed> {
  if (identity.kind !== 'person' || username === undefined) {
    return { result: { code: ResultCode.insufficientAccessRights, message: 'bind as the person first' }, identity };
  }
  if (whose !== username) {
    return { result: { code: ResultCode.insufficientAccessRights, message: 'only your own password' }, identity };
  }
  const outcome = await passwords.change({ userId: identity.userId, old, replacement, address });
  if (outcome.kind !== 'changed') return { result: refusal(outcome), identity };
  return { result: SUCCESS, identity: { ...identity, passwordChangedAt: outcome.passwordChangedAt } };
}

function refusal(outcome: Exclude<ChangeOutcome, { kind: 'changed' }>): Result {
  switch (outcome.kind) {
    case 'unfit':
      return { code: ResultCode.constraintViolation, message: `The password ${outcome.why}.` };
    case 'slowed':
      return { code: ResultCode.unwillingToPerform, message: 'too many wrong passwords; wait a while' };
    case 'wrong-old':
      return { code: ResultCode.unwillingToPerform, message: 'the old password is wrong' };
  }
}

/** Values that are meant to be hashes already: what was typed must come instead, or nobody could log in with it. */
const HASHED = /^\{(?:s?sha\d*|s?md5|crypt|argon2|pbkdf2[-\w]*|bcrypt|cleartext)\}/i;

/**
 * Modify: a person may replace his own userPassword, and the time of its change, which Berth knows itself; nslcd sets
 * that after a change.
 */
export async function modify(changing: Changing, request: Request & { op: 'modify' }): Promise<Changed> {
  const { identity, names, username } = changing;
  const key = dnKey(request.dn);
  if (key === undefined) return { result: { code: ResultCode.invalidDNSyntax }, identity };
  const types = request.modifications.map(({ attribute }) => attributeType(attribute));
  const mayChange = (type: AttributeType | undefined) => {
    return type === attributeTypes.userPassword || type === attributeTypes.shadowLastChange;
  };
  const whose = names.usernameOf(key);
  if (identity.kind !== 'person' || whose === undefined || whose !== username || !types.every(mayChange)) {
    const message = 'this directory is changed on the pages, over the API or with the command line';
    return { result: { code: ResultCode.insufficientAccessRights, message }, identity };
  }
  const values = (kinds: readonly string[]) =>
    request.modifications
      .filter(({ kind }, at) => types[at] === attributeTypes.userPassword && kinds.includes(kind))
      .flatMap((each) => each.values);
  const replacements = values(['add', 'replace']);
  const [replacement] = replacements;
  if (!replacement) return { result: types.includes(attributeTypes.userPassword) ? NO_PASSWORD : SUCCESS, identity };
  if (replacements.length > 1 || HASHED.test(replacement.toString())) return { result: NO_PASSWORD, identity };
  return change(changing, whose, values(['delete'])[0]?.toString(), replacement.toString());
}

const NO_PASSWORD: Result = { code: ResultCode.constraintViolation, message: 'exactly one password, as it is typed' };
