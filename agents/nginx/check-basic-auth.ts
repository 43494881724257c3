import { createHash } from 'node:crypto';
import type { BasicAuth } from '@berth/proto/agent/v1/resource_pb.js';
import { shown } from './escape.ts';
import { headerValue } from './escape-http.ts';

/** Names and passwords that the ingress itself asks for. */
export type CheckedBasicAuth = {
  /** In quotes. */
  readonly realm: string;
  /** Stem of the file of passwords, made from its content. */
  readonly file: string;
  /** A line "name:hash" for each. */
  readonly passwords: string;
};

const MAX_USERS = 1000;
// nginx takes a line up to the first colon for a name, and one that begins with "#" for a comment.
const USER_NAME = /^(?![# ])[^:\p{Cc}\p{Zl}\p{Zp}\p{Cs}]{1,64}$/u;
/** The kinds of crypt(5) that begin with "$", and Apache's "$apr1$". What is no hash is refused, "{PLAIN}" too. */
const HASH = /^\$(?:1|5|6|7|y|gy|2[abxy]|apr1)\$[./A-Za-z0-9$=,+-]{1,400}$/;

/** Checks who may come with a password; a string says what is wrong, without a hash in it. */
export function checkBasicAuth(auth: BasicAuth): CheckedBasicAuth | string {
  // Quotes would end the realm early in the header that browsers read (RFC 9110, 11.5).
  const realm = auth.realm.includes('"') ? undefined : headerValue(auth.realm || 'Password');
  if (realm === undefined) return `realm ${shown(auth.realm)} must be printable ASCII without quotes, "$" and "\\"`;
  if (auth.users.length === 0) return 'a password is asked for and nobody has one';
  if (auth.users.length > MAX_USERS) return `there are more than ${MAX_USERS} users with a password`;
  const names = new Set<string>();
  for (const { name, passwordHash } of auth.users) {
    if (!USER_NAME.test(name)) return `${shown(name)} cannot be the name of a user: no colon, no control characters`;
    if (names.has(name)) return `user ${shown(name)} has two passwords`;
    if (!HASH.test(passwordHash)) return `the password of ${shown(name)} is not a hash of crypt(3)`;
    names.add(name);
  }
  const passwords = auth.users.map(({ name, passwordHash }) => `${name}:${passwordHash}\n`).join('');
  return { realm, file: createHash('sha256').update(passwords).digest('hex').slice(0, 16), passwords };
}
