/** What entries show of people, groups, containers and rules. */
import { createHash } from 'node:crypto';
import { LDAPUSERS } from '../../store/built-in-groups.ts';
import { writeTime } from '../schema/syntaxes.ts';
import { Shape } from './entry.ts';
import type { Names } from './names.ts';
import type { ContainerRecord, GroupRecord, PersonRecord } from './records.ts';

/** What the entry of a person is about. */
export interface PersonSubject {
  person: PersonRecord;
  /** By name. */
  groups: readonly GroupRecord[];
  names: Names;
  /** Milliseconds since the epoch. */
  changedAt: number;
}

/** A group as one view shows it. */
export interface GroupSubject {
  group: GroupRecord;
  /** Login names of the members that the view shows, sorted. */
  members(): readonly string[];
  /** Whether the view shows this member. */
  hasMember(username: string): boolean;
  names: Names;
  changedAt: number;
}

/** Who may do what as root in a container, by one role there. */
export interface SudoSubject {
  container: ContainerRecord;
  role: 'owner' | 'maintainer';
  users: readonly string[];
  /** What the guest is called, or "ALL" in the view that only this container has. */
  hosts: readonly string[];
  names: Names;
  changedAt: number;
}

/** A container's own account. */
export interface ServiceSubject {
  container: ContainerRecord;
  names: Names;
  changedAt: number;
}

const always = (...values: string[]) => {
  return () => values;
};

/** Identifiers of objects do not change, and so these do not either (RFC 4530). */
function entryUuid(kind: string, id: string): string {
  const hex = createHash('sha256').update(`berth ${kind} ${id}`).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

/** passwd(5) has room for ASCII without colons; letters lose their accents rather than vanish. */
function gecos(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}+/gu, '');
  return plain.replace(/[^\x20-\x7e]|[:,]/g, '?').trim();
}

const nonEmpty = (text: string) => (text === '' ? [] : [text]);
const lastWord = (name: string) => name.trim().split(/\s+/).at(-1) ?? '';

/** People. */
export const personShape = new Shape<PersonSubject>({
  objectClass: always(
    ...['top', 'person', 'organizationalPerson', 'inetOrgPerson'],
    ...['posixAccount', 'shadowAccount', 'ldapPublicKey'],
  ),
  uid: ({ person }) => [person.username],
  cn: ({ person }) => [person.displayName || person.username],
  sn: ({ person }) => [lastWord(person.displayName) || person.username],
  displayName: ({ person }) => [person.displayName || person.username],
  mail: ({ person }) => (person.email ? [person.email] : []),
  uidNumber: ({ person }) => [String(person.uidNumber)],
  gidNumber: always(String(LDAPUSERS.gid_number)),
  homeDirectory: ({ person }) => [`/home/${person.username}`],
  loginShell: ({ person }) => [person.shell],
  gecos: ({ person }) => nonEmpty(gecos(person.displayName)),
  shadowLastChange: ({ person }) => {
    return person.passwordChangedAt > 0 ? [String(Math.floor(person.passwordChangedAt / 86_400_000))] : [];
  },
  sshPublicKey: ({ person }) => person.keys,
  memberOf: ({ groups, names }) => groups.map(({ name }) => names.group(name)),
  structuralObjectClass: always('inetOrgPerson'),
  entryUUID: ({ person }) => [entryUuid('user', person.id)],
  entryDN: ({ person, names }) => [names.person(person.username)],
  createTimestamp: ({ person }) => [writeTime(person.createdAt)],
  modifyTimestamp: ({ changedAt }) => [writeTime(changedAt)],
  hasSubordinates: always('FALSE'),
  subschemaSubentry: ({ names }) => [names.subschema],
});

/** Groups: with login names for clients of RFC 2307, with names of entries for those of RFC 2307bis. */
export const groupShape = new Shape<GroupSubject>(
  {
    objectClass: always('top', 'posixGroup', 'groupOfMembers'),
    cn: ({ group }) => [group.name],
    gidNumber: ({ group }) => [String(group.gidNumber)],
    description: ({ group }) => nonEmpty(group.description),
    memberUid: (subject) => subject.members(),
    member: (subject) => subject.members().map((username) => subject.names.person(username)),
    structuralObjectClass: always('groupOfMembers'),
    entryUUID: ({ group }) => [entryUuid('group', group.id)],
    entryDN: ({ group, names }) => [names.group(group.name)],
    createTimestamp: ({ group }) => [writeTime(group.createdAt)],
    modifyTimestamp: ({ changedAt }) => [writeTime(changedAt)],
    hasSubordinates: always('FALSE'),
    subschemaSubentry: ({ names }) => [names.subschema],
  },
  {
    memberUid: (subject, key) => subject.hasMember(String(key)),
    member: (subject, key) => {
      const username = subject.names.usernameOf(String(key));
      return username !== undefined && subject.hasMember(username);
    },
  },
);

/** Rules of sudo. */
export const sudoShape = new Shape<SudoSubject>({
  objectClass: always('top', 'sudoRole'),
  cn: ({ container, role }) => [`${container.id}-${role}`],
  description: ({ container, role }) => [`${role} of ${container.fqdn}`],
  sudoUser: ({ users }) => users,
  sudoHost: ({ hosts }) => hosts,
  sudoCommand: always('ALL'),
  sudoRunAsUser: always('ALL'),
  sudoRunAsGroup: always('ALL'),
  sudoOrder: always('1'),
  structuralObjectClass: always('sudoRole'),
  entryUUID: ({ container, role }) => [entryUuid(`sudo ${role}`, container.id)],
  entryDN: ({ container, role, names }) => [names.sudoRule(container.id, role)],
  createTimestamp: ({ container }) => [writeTime(container.createdAt)],
  modifyTimestamp: ({ changedAt }) => [writeTime(changedAt)],
  hasSubordinates: always('FALSE'),
  subschemaSubentry: ({ names }) => [names.subschema],
});

/** The accounts that containers bind as. */
export const serviceShape = new Shape<ServiceSubject>({
  objectClass: always('top', 'applicationProcess'),
  cn: ({ container }) => [container.id],
  description: ({ container }) => [container.fqdn],
  structuralObjectClass: always('applicationProcess'),
  entryUUID: ({ container }) => [entryUuid('service', container.id)],
  entryDN: ({ container, names }) => [names.service(container.id)],
  createTimestamp: ({ container }) => [writeTime(container.createdAt)],
  modifyTimestamp: ({ changedAt }) => [writeTime(changedAt)],
  hasSubordinates: always('FALSE'),
  subschemaSubentry: ({ names }) => [names.subschema],
});
