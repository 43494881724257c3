/** Who holds a right: a person or a group. */
export type HolderId = { userId: string } | { groupId: string };

/** The two columns that name a holder. */
export function holderColumns(holder: HolderId): { user_id: string | null; group_id: string | null } {
  return 'userId' in holder ? { user_id: holder.userId, group_id: null } : { user_id: null, group_id: holder.groupId };
}

/** The condition that a row is a holder's. */
export function holderIs(holder: HolderId): ['user_id' | 'group_id', '=', string] {
  return 'userId' in holder ? ['user_id', '=', holder.userId] : ['group_id', '=', holder.groupId];
}
