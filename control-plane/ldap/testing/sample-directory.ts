import { LDAPUSERS, SYSADMINS } from '../../store/built-in-groups.ts';
import { Directory } from '../directory/directory.ts';
import type { ContainerRecord, GrantRecord, GroupRecord, PersonRecord } from '../directory/records.ts';

export const BASE = 'dc=berth,dc=internal';
/** When everything in a sample directory was made, in milliseconds since the epoch. */
export const MADE_AT = Date.UTC(2026, 6, 30, 12);

/** A person; `id` and everything else follow from the login name unless told otherwise. */
export function samplePerson(username: string, uidNumber: number, change: Partial<PersonRecord> = {}): PersonRecord {
  return {
    id: `usr-${username}`,
    username,
    uidNumber,
    displayName: '',
    email: null,
    active: true,
    shell: '/bin/bash',
    keys: [],
    passwordChangedAt: MADE_AT,
    createdAt: MADE_AT,
    ...change,
  };
}

/** A group with people and other groups by their names. */
export function sampleGroup(name: string, gidNumber: number, people: string[], groups: string[] = []): GroupRecord {
  const userIds = people.map((each) => `usr-${each}`);
  const rest = { description: '', administrator: false, createdAt: MADE_AT };
  return { id: `grp-${name}`, name, gidNumber, userIds, groupIds: groups.map((each) => `grp-${each}`), ...rest };
}

/** The two groups that there always are. */
export function builtInGroups(administrators: string[] = []): GroupRecord[] {
  const everybody = { ...sampleGroup(LDAPUSERS.name, LDAPUSERS.gid_number, []), id: LDAPUSERS.id };
  const admins = sampleGroup(SYSADMINS.name, SYSADMINS.gid_number, administrators);
  return [everybody, { ...admins, id: SYSADMINS.id, administrator: true }];
}

/** A container with grants such as `{ userId: 'usr-mia', role: 'maintainer' }`. */
export function sampleContainerRecord(n: number, owner: string, grants: Partial<GrantRecord>[] = []): ContainerRecord {
  return {
    id: `ctr-${n}`,
    hostname: `web${n}`,
    fqdn: `web${n}.lab.internal`,
    ownerId: `usr-${owner}`,
    grants: grants.map((grant) => ({ userId: null, groupId: null, role: 'user', ...grant })),
    secretHash: undefined,
    formerHash: undefined,
    formerUntil: 0,
    createdAt: MADE_AT,
  };
}

/** A directory of these records. */
export function directoryOf(
  people: PersonRecord[],
  groups: GroupRecord[],
  containers: ContainerRecord[] = [],
): Directory {
  const directory = new Directory(BASE);
  const byId = <T extends { id: string }>(records: T[]) => new Map(records.map((record) => [record.id, record]));
  directory.reset({ people: byId(people), groups: byId(groups), containers: byId(containers) }, 1, MADE_AT);
  return directory;
}
