import { type Holder, HolderSchema } from '@berth/proto/api/v1/access_pb.js';
import { create } from '@bufbuild/protobuf';
import type { HolderId } from '../../store/holders.ts';
import type { Db } from '../../store/store.ts';
import { findGroup, findUser } from '../find.ts';
import { referenceFault } from '../validate/text.ts';
import type { Violations } from '../validate/violations.ts';

/** Who holds a right, as found. */
export interface FoundHolder {
  id: HolderId;
  kind: 'user' | 'group';
  /** Login name, or name of the group. */
  name: string;
  /** Name of the person, or description of the group. */
  displayName: string;
}

/** What is wrong with the holder a request names, noted under "holder". */
export function checkHolder(holder: Holder | undefined, found: Violations): void {
  const { holder: named } = holder ?? create(HolderSchema);
  if (named.case === undefined) found.check('holder', 'must name a user or a group');
  else found.check(`holder.${named.case}`, referenceFault(named.value));
}

/** The person or group a request names. @throws AppError "user_not_found", "group_not_found" */
export async function findHolder(db: Db, holder: Holder | undefined): Promise<FoundHolder> {
  const { holder: named } = holder ?? create(HolderSchema);
  if (named.case === 'group') {
    const { id, name, description } = await findGroup(db, named.value, 'holder.group');
    return { id: { groupId: id }, kind: 'group', name, displayName: description };
  }
  const { id, username, display_name } = await findUser(db, named.value ?? '', 'holder.user');
  return { id: { userId: id }, kind: 'user', name: username, displayName: display_name };
}

interface NamedColumns {
  user_id: string | null;
  group_id: string | null;
  username: string | null;
  user_display_name: string | null;
  group_name: string | null;
  group_description: string | null;
}

/** Who holds the right that a row is. */
export function holderOf(row: NamedColumns): FoundHolder {
  const { user_id: userId, group_id: groupId } = row;
  if (userId !== null) {
    return { id: { userId }, kind: 'user', name: row.username ?? '', displayName: row.user_display_name ?? '' };
  }
  const displayName = row.group_description ?? '';
  return { id: { groupId: groupId ?? '' }, kind: 'group', name: row.group_name ?? '', displayName };
}
