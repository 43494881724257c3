/** From options as people ask for them to options as they are kept: passwords hashed, groups found. */
import { setImmediate as turn } from 'node:timers/promises';
import { hashForCrypt } from '../../auth/sha512-crypt.ts';
import { readServiceOptions, type ServiceOptions } from '../../store/service-options.ts';
import type { ServiceRow } from '../../store/services.ts';
import type { Db } from '../../store/store.ts';
import { findGroup } from '../find.ts';
import { Violations } from '../validate/violations.ts';
import type { AskedOptions } from './service-fields.ts';

/** Hashes of the passwords that came with a request, by name. */
export type Hashes = ReadonlyMap<string, string>;

/** Hashes the passwords of one service, some milliseconds each; before the transaction, and letting others run. */
export async function hashPasswords({ basicAuth }: AskedOptions): Promise<Hashes> {
  const hashes = new Map<string, string>();
  for (const { name, password } of basicAuth) {
    if (password === '') continue;
    hashes.set(name, hashForCrypt(password));
    await turn();
  }
  return hashes;
}

/**
 * The options to keep.
 * @param before the service as it is, of which a name without password keeps its own
 * @param path of the service in the request
 * @throws AppError "group_not_found", or "invalid_field" for a new name without password
 */
export async function settleOptions(
  db: Db,
  asked: AskedOptions,
  hashes: Hashes,
  path: string,
  before?: ServiceRow,
): Promise<ServiceOptions> {
  const known = before ? readServiceOptions(before.options).basicAuth : [];
  const found = new Violations();
  const basicAuth = asked.basicAuth.map(({ name }, i) => {
    const hash = hashes.get(name) ?? known.find((user) => user.name === name)?.hash;
    found.check(`${path}.http.options.basic_auth[${i}].password`, hash ? undefined : 'is required for a new name');
    return { name, hash: hash ?? '' };
  });
  found.refuse();
  const groups: string[] = [];
  for (const [i, reference] of asked.signIn.groups.entries()) {
    const { id } = await findGroup(db, reference, `${path}.http.options.sign_in.groups[${i}]`);
    if (!groups.includes(id)) groups.push(id);
  }
  return { ...asked, basicAuth, signIn: { ...asked.signIn, groups } };
}
