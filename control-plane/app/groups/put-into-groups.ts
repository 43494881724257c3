import { invalid } from '../../errors.ts';
import { LDAPUSERS } from '../../store/built-in-groups.ts';
import { addGroupMember, groupMember, type NewMember } from '../../store/groups.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import { findGroup } from '../find.ts';

/** Puts a person into groups, each by identifier or name; a group named twice counts once. */
export async function putIntoGroups(tx: Tx, userId: string, groups: readonly string[], field: string): Promise<void> {
  for (const [i, reference] of groups.entries()) {
    const group = await findGroup(tx.db, reference, `${field}[${i}]`);
    refuseLdapusers(group, `${field}[${i}]`);
    await putIn(tx, group, { userId });
  }
}

/** Puts somebody into a group unless he is in it. @returns whether he was not */
export async function putIn(tx: Tx, group: Row<'groups'>, member: NewMember): Promise<boolean> {
  if (await groupMember(tx.db, group.id, member)) return false;
  await addGroupMember(tx, group.id, member);
  return true;
}

/** Everybody active is in `ldapusers` by being active; nobody is put into it or taken out. */
export function refuseLdapusers(group: Row<'groups'>, field: string): void {
  if (group.id !== LDAPUSERS.id) return;
  throw invalid([{ field, description: `everybody who is active is in "${LDAPUSERS.name}", and nobody else` }]);
}
