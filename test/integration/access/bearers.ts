/** The API tokens of the access matrix: of each scope, and kept to one container or site. */

import type { TokenScope } from '@berth/control-plane/auth/policy.ts';
import { newApiToken, tokenHash } from '@berth/control-plane/auth/tokens.ts';
import type { Tx } from '@berth/control-plane/store/store.ts';
import { type Person, people } from './people.ts';

/** Where a token is kept to, as seen from web1 in site lab. */
export type Reach = 'everywhere' | 'web1' | 'other' | 'lab' | 'empty';

/** One column of the matrix of tokens. */
export interface Bearer {
  title: string;
  /** Whose the token is. */
  person: Person;
  scope: TokenScope;
  reach: Reach;
}

const owner = personOf('olga');
const administrator = personOf('ada');

/** Every column. */
export const bearers: readonly Bearer[] = [
  { title: 'owner, read', person: owner, scope: 'read', reach: 'everywhere' },
  { title: 'owner, containers', person: owner, scope: 'containers', reach: 'everywhere' },
  { title: 'owner, admin', person: owner, scope: 'admin', reach: 'everywhere' },
  { title: 'owner, containers, this container only', person: owner, scope: 'containers', reach: 'web1' },
  { title: 'owner, containers, another container only', person: owner, scope: 'containers', reach: 'other' },
  { title: 'owner, containers, another site only', person: owner, scope: 'containers', reach: 'empty' },
  { title: 'administrator, metrics', person: administrator, scope: 'metrics', reach: 'everywhere' },
  { title: 'administrator, admin', person: administrator, scope: 'admin', reach: 'everywhere' },
  { title: 'administrator, admin, this site only', person: administrator, scope: 'admin', reach: 'lab' },
  { title: 'administrator, admin, another site only', person: administrator, scope: 'admin', reach: 'empty' },
];

/** Puts a token in, as used a moment ago, so that using it is nothing to note. @returns the token */
export async function seedBearer(tx: Tx, bearer: Bearer, ids: ReadonlyMap<string, string>): Promise<string> {
  const { person, scope, reach, title } = bearer;
  const token = newApiToken();
  const id = (name: string) => ids.get(name) ?? null;
  const only = {
    site_id: reach === 'lab' ? id('site') : reach === 'empty' ? id('empty') : null,
    container_id: reach === 'web1' ? id('container') : reach === 'other' ? id('other') : null,
  };
  const user_id = ids.get(person.username) ?? '';
  const used = { created_at: tx.now, last_used_at: tx.now, last_used_address: '', expires_at: null };
  const row = { id: `tok-${bearers.indexOf(bearer)}`, user_id, name: title, prefix: 'bet_', scope, ...only, ...used };
  await tx.db
    .insertInto('api_tokens')
    .values({ ...row, token_hash: tokenHash(token) })
    .execute();
  return token;
}

function personOf(username: string): Person {
  const person = people.find((each) => each.username === username);
  if (!person) throw new Error(`nobody is called ${username}`);
  return person;
}
