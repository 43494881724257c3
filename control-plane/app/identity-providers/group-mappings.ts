import * as z from 'zod';
import { LDAPUSERS } from '../../store/built-in-groups.ts';
import { groupIdsByReference } from '../../store/group-mapping.ts';
import type { Row } from '../../store/schema.ts';
import { administratingGroups } from '../../store/standing.ts';
import type { Db } from '../../store/store.ts';
import type { Violations } from '../validate/violations.ts';

/** One value of the groups' claim and the group that it stands for. */
export interface GroupMapping {
  value: string;
  group: string;
}

const mappings = z.array(z.object({ value: z.string(), group: z.string() }));

/** The mappings of a provider, groups by identifier. */
export function readMappings(row: Pick<Row<'oidc_providers'>, 'group_mapping'>): GroupMapping[] {
  return mappings.parse(JSON.parse(row.group_mapping));
}

/**
 * Finds the groups that mappings refer to, by identifier or name. Noted as wrong: what is not there, the group that
 * everybody is in, and groups that administer Berth unless the provider may say who does.
 */
export async function resolveMappings(
  db: Db,
  { group_mappings, may_administer }: { group_mappings: readonly GroupMapping[]; may_administer: boolean },
  found: Violations,
): Promise<GroupMapping[]> {
  const ids = await groupIdsByReference(
    db,
    group_mappings.map(({ group }) => group),
  );
  const administrating = may_administer ? new Set<string>() : await administratingGroups(db);
  return group_mappings.map(({ value, group }, i) => {
    const id = ids.get(group) ?? '';
    const field = `provider.group_mappings[${i}].group`;
    if (id === '') found.check(field, 'is no group that there is');
    if (id === LDAPUSERS.id) found.check(field, 'has everybody in it already');
    if (administrating.has(id)) found.check(field, 'administers Berth, which this provider may not decide');
    return { value, group: id };
  });
}
