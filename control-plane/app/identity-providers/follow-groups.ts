import type { ProviderAnswer } from '../../auth/oidc/relying-party.ts';
import { administratingGroups, directGroups, groupNames, takeFromGroup } from '../../store/group-mapping.ts';
import { addGroupMember } from '../../store/groups.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import { groupValues } from './claims.ts';
import { readMappings } from './group-mappings.ts';

/**
 * Puts a person into the mapped groups that a provider says he is in, and takes him out of those that it does not
 * name. Groups that are not mapped are left alone, as are those that administer Berth unless the provider may say who
 * does: such a group may have got that right after it was mapped.
 */
export async function followGroups(
  tx: Tx,
  caller: AnonymousCaller,
  provider: Row<'oidc_providers'>,
  answer: ProviderAnswer,
  userId: string,
): Promise<void> {
  const mappings = readMappings(provider);
  if (mappings.length === 0) return;
  const values = groupValues(answer, provider.groups_claim);
  const wanted = new Set(mappings.filter(({ value }) => values.has(value)).map(({ group }) => group));
  const ids = [...new Set(mappings.map(({ group }) => group))];
  const names = await groupNames(tx.db, ids);
  const beyond = provider.may_administer === 1 ? new Set<string>() : await administratingGroups(tx.db, ids);
  const current = await directGroups(tx.db, userId, ids);
  for (const id of ids) {
    if (!names.has(id) || beyond.has(id) || wanted.has(id) === current.has(id)) continue;
    if (wanted.has(id)) await addGroupMember(tx, id, { userId });
    else await takeFromGroup(tx, id, userId);
    const change = { group: names.get(id), user: userId, provider: provider.name };
    const action = wanted.has(id) ? 'group.add-member' : 'group.remove-member';
    await recordAnonymous(tx, caller, userId, { action, siteId: null, objectKind: 'group', objectId: id, change });
  }
}
