import { newId } from '../ids.ts';
import { bumpDirectory } from './directory-changes.ts';
import type { Tx } from './store.ts';

/** Who is put into a group. */
export type NewMember = { userId: string } | { groupId: string };

/** Puts a person or a group into a group. @throws UniqueViolation "group_members_user", "group_members_group" */
export async function addGroupMember(tx: Tx, groupId: string, member: NewMember): Promise<void> {
  const user_id = 'userId' in member ? member.userId : null;
  const member_group_id = 'groupId' in member ? member.groupId : null;
  const row = { id: newId('gme', tx.now), group_id: groupId, user_id, member_group_id, created_at: tx.now };
  await tx.db.insertInto('group_members').values(row).execute();
  await bumpDirectory(tx, 'group', groupId);
}
