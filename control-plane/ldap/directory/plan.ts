/**
 * Which entries a search has to look at. Everything here may give too many, never too few: each entry is held against
 * the whole filter afterwards.
 */
import { LDAPUSERS } from '../../store/built-in-groups.ts';
import type { Scope } from '../protocol/requests.ts';
import { type AttributeType, attributeTypes } from '../schema/attributes.ts';
import { escapeValue } from '../schema/dn.ts';
import type { Clause } from './clause.ts';
import type { Entry } from './entry.ts';
import type { Branch, Place } from './names.ts';
import type { GroupRecord } from './records.ts';
import { groupShape, personShape, serviceShape, sudoShape } from './shapes.ts';
import type { StaticEntries } from './static-entries.ts';
import type { View } from './view.ts';

/** Kinds of entries, as bits. */
const PERSON = 1;
const GROUP = 2;
const SUDO = 4;
const SERVICE = 8;
const STATIC = 16;
const ALL = PERSON | GROUP | SUDO | SERVICE | STATIC;

const KIND_OF_BRANCH: Readonly<Record<Branch, number>> = {
  people: PERSON,
  groups: GROUP,
  sudoers: SUDO,
  services: SERVICE,
};

const KINDS_OF_CLASS = new Map<string | number, number>([
  ...classes(
    PERSON,
    'person',
    'organizationalPerson',
    'inetOrgPerson',
    'posixAccount',
    'shadowAccount',
    'ldapPublicKey',
  ),
  ...classes(GROUP, 'posixGroup', 'groupOfMembers'),
  ...classes(SUDO, 'sudoRole'),
  ...classes(SERVICE, 'applicationProcess'),
  ...classes(STATIC, 'organization', 'dcObject', 'organizationalUnit'),
  ...classes(ALL, 'top'),
]);

function classes(kinds: number, ...names: string[]): [string, number][] {
  return names.map((name) => [name.toLowerCase(), kinds]);
}

const KINDS_OF_TYPE = new Map<AttributeType, number>();
for (const [kind, shape] of [
  [PERSON, personShape],
  [GROUP, groupShape],
  [SUDO, sudoShape],
  [SERVICE, serviceShape],
] as const) {
  // Of the few static entries nothing is known here.
  for (const type of shape.types) KINDS_OF_TYPE.set(type, (KINDS_OF_TYPE.get(type) ?? STATIC) | kind);
}

/** The kinds of entries of which a clause may be true. */
function kindsOf(clause: Clause): number {
  switch (clause.op) {
    case 'and':
      return clause.parts.reduce((kinds, part) => kinds & kindsOf(part), ALL);
    case 'or':
      return clause.parts.reduce((kinds, part) => kinds | kindsOf(part), 0);
    case 'not':
      return ALL;
    case 'undefined':
      return 0;
    case 'equal':
      if (clause.type === attributeTypes.objectClass) return KINDS_OF_CLASS.get(clause.key) ?? 0;
      return KINDS_OF_TYPE.get(clause.type) ?? STATIC;
    default:
      return KINDS_OF_TYPE.get(clause.type) ?? STATIC;
  }
}

/** The entries in a scope below a place of which a clause may be true. */
export function candidates(
  view: View,
  fixed: StaticEntries,
  place: Place,
  scope: Scope,
  clause: Clause,
): Iterable<Entry> {
  if (place.at === 'leaf') {
    const entry = scope === 'one' ? undefined : leafEntry(view, place.branch, place.rdn);
    return entry ? [entry] : [];
  }
  const statics = staticsIn(fixed, place, scope);
  if (scope === 'base' || (place.at === 'base' && scope === 'one')) return statics;
  const below = place.at === 'base' ? ALL : KIND_OF_BRANCH[place.branch];
  const kinds = kindsOf(clause);
  const leaves = kinds & below & ~STATIC;
  const found = indexed(view, clause, leaves, { left: MOST_LOOKED_UP }) ?? scan(view, leaves);
  return (kinds & STATIC) === 0 || statics.length === 0 ? found : chain(statics, found);
}

function staticsIn(fixed: StaticEntries, place: Place & { at: 'base' | 'branch' }, scope: Scope): Entry[] {
  if (place.at === 'branch') return scope === 'one' ? [] : [fixed.branches[place.branch]];
  const branches = Object.values(fixed.branches);
  if (scope === 'base') return [fixed.base];
  return scope === 'one' ? branches : [fixed.base, ...branches];
}

function* chain(first: Iterable<Entry>, second: Iterable<Entry>): Generator<Entry> {
  yield* first;
  yield* second;
}

/** The entry below a branch by its own part of the name, if it is seen. */
export function leafEntry(view: View, branch: Branch, rdn: string): Entry | undefined {
  const equals = rdn.indexOf('=');
  const value = rdn.slice(equals + 1);
  const type = rdn.slice(0, equals);
  switch (branch) {
    case 'people':
      return type === 'uid' ? peopleEntries(view, [view.directory.personNamed(value)])[0] : undefined;
    case 'groups':
      return type === 'cn' ? groupEntries(view, [view.directory.groupNamed(value)])[0] : undefined;
    case 'sudoers':
      return view.sudoRules().get(rdn);
    case 'services':
      return view.services().get(rdn);
  }
}

function peopleEntries(view: View, people: Iterable<ReturnType<View['directory']['personNamed']>>): Entry[] {
  const found: Entry[] = [];
  for (const person of people) if (person && view.sees(person)) found.push(person.entry);
  return found;
}

function groupEntries(view: View, groups: Iterable<GroupRecord | undefined>): Entry[] {
  const found: Entry[] = [];
  for (const group of groups) if (group && view.seesGroup(group)) found.push(view.group(group));
  return found;
}

function* scan(view: View, kinds: number): Generator<Entry> {
  if (kinds & PERSON) for (const person of view.people()) yield person.entry;
  if (kinds & GROUP) for (const group of view.groups()) yield view.group(group);
  if (kinds & SUDO) yield* view.sudoRules().values();
  if (kinds & SERVICE) yield* view.services().values();
}

/** Entries that indexes may give for one search; looking through all a bit at a time is better than more. */
const MOST_LOOKED_UP = 20_000;

/** What an index gives for a clause, among some kinds of entries; undefined where none helps. */
function indexed(view: View, clause: Clause, kinds: number, budget: { left: number }): Entry[] | undefined {
  if (budget.left <= 0) return undefined;
  switch (clause.op) {
    case 'and': {
      let best: Entry[] | undefined;
      for (const part of clause.parts) {
        const found = indexed(view, part, kinds, budget);
        if (found && (!best || found.length < best.length)) best = found;
        if (best && best.length <= 1) return best;
      }
      return best;
    }
    case 'or': {
      const found = new Set<Entry>();
      for (const part of clause.parts) {
        const entries = indexed(view, part, kinds & kindsOf(part), budget);
        if (!entries) return undefined;
        for (const entry of entries) found.add(entry);
      }
      return [...found];
    }
    case 'equal':
      if (kinds === 0) return [];
      budget.left -= clause.type === attributeTypes.memberOf ? view.size : 1;
      return equalTo(view, clause, kinds);
    default:
      return kinds === 0 ? [] : undefined;
  }
}

function equalTo(view: View, { type, key }: Clause & { op: 'equal' }, kinds: number): Entry[] | undefined {
  const { directory } = view;
  switch (type) {
    case attributeTypes.uid:
      return peopleEntries(view, [directory.personNamed(String(key))]);
    case attributeTypes.uidNumber:
      return peopleEntries(view, [directory.personNumbered(Number(key))]);
    case attributeTypes.gidNumber:
      if (kinds & PERSON && key === LDAPUSERS.gid_number) return undefined;
      return kinds & GROUP ? groupEntries(view, [directory.groupNumbered(Number(key))]) : [];
    case attributeTypes.memberUid:
      return groupsWith(view, String(key));
    case attributeTypes.member:
      return groupsWith(view, directory.names.usernameOf(String(key)));
    case attributeTypes.memberOf:
      return membersOf(view, String(key));
    case attributeTypes.cn:
      return called(view, String(key), kinds);
    default:
      return undefined;
  }
}

function groupsWith(view: View, username: string | undefined): Entry[] {
  const person = username === undefined ? undefined : view.directory.personNamed(username);
  return person && view.sees(person) ? view.groupsOf(person).map((group) => view.group(group)) : [];
}

function membersOf(view: View, key: string): Entry[] {
  const place = view.directory.names.place(key);
  if (place?.at !== 'leaf' || place.branch !== 'groups' || !place.rdn.startsWith('cn=')) return [];
  const group = view.directory.groupNamed(place.rdn.slice(3));
  return group ? peopleEntries(view, view.membersOf(group)) : [];
}

function called(view: View, name: string, kinds: number): Entry[] {
  const found: Entry[] = [];
  if (kinds & PERSON) found.push(...peopleEntries(view, view.directory.peopleCalled(name)));
  if (kinds & GROUP) found.push(...groupEntries(view, [view.directory.groupNamed(escapeValue(name))]));
  for (const [kind, entries] of [[SUDO, view.sudoRules] as const, [SERVICE, view.services] as const]) {
    const entry = kinds & kind ? entries.call(view).get(`cn=${name}`) : undefined;
    if (entry) found.push(entry);
  }
  return found;
}
