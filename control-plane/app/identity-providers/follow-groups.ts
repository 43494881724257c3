import type { ProviderAnswer } from '../../auth/oidc/relying-party.ts';
import { directGroups, groupNames } from '../../store/group-mapping.ts';
import { addGroupMember, removeGroupMember } from '../../store/groups.ts';
import type { Row } from '../../store/schema.ts';
import { activeAdministratorExists, administratingGroups } from '../../store/standing.ts';
import type { Tx } from '../../store/store.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import { groupValues } from './claims.ts';
import { readMappings } from './group-mappings.ts';

/**
 * Puts a person into the mapped groups that a provider says he is in, and takes him out of those that it does not
 * name. Groups that are not mapped are left alone, as are those that administer Berth unless the provider may say who
 * does: such a group may have got that right after it was mapped. The last administrator stays one, whatever is said.
 */
export async function followGroups(
  tx: Tx,
  caller: AnonymousCaller,
  provider: Row<'oidc_providers'>,
  answer: ProviderAnswer,
  { id: userId, username }: Pick<Row<'users'>, 'id' | 'username'>,
): Promise<void> {
  const mappings = readMappings(provider);
  if (mappings.length === 0) return;
  const values = groupValues(answer, provider.groups_claim);
  const wanted = new Set(mappings.filter(({ value }) => values.has(value)).map(({ group }) => group));
  const ids = [...new Set(mappings.map(({ group }) => group))];
  const names = await groupNames(tx.db, ids);
  const administrating = await administratingGroups(tx.db);
  const mayChange = (id: string) => names.has(id) && (provider.may_administer === 1 || !administrating.has(id));
  const current = await directGroups(tx.db, userId, ids);
  for (const id of ids) {
    if (!mayChange(id) || wanted.has(id) === current.has(id)) continue;
    const done = wanted.has(id) ? await putIn(tx, id, userId) : await takeOut(tx, id, userId);
    if (!done) continue;
    const action = wanted.has(id) ? 'group.add-member' : 'group.remove-member';
    const change = { group: names.get(id), user: username, userId, provider: provider.name };
    await recordAnonymous(tx, caller, userId, { action, siteId: null, objectKind: 'group', objectId: id, change });
  }
}

async function putIn(tx: Tx, groupId: string, userId: string): Promise<boolean> {
  await addGroupMember(tx, groupId, { userId });
  return true;
}

/** @returns false when he stays, as nobody else administers */
async function takeOut(tx: Tx, groupId: string, userId: string): Promise<boolean> {
  await removeGroupMember(tx, groupId, { userId });
  if (await activeAdministratorExists(tx.db)) return true;
  await addGroupMember(tx, groupId, { userId });
  return false;
}
