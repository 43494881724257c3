import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ANONYMOUS, type Identity, Views } from '../identity.ts';
import { beginSearch, SearchRun } from '../operations/search.ts';
import type { Filter } from '../protocol/filter.ts';
import type { Scope, SearchRequest } from '../protocol/requests.ts';
import { Selection } from '../schema/selection.ts';
import {
  BASE,
  builtInGroups,
  directoryOf,
  MADE_AT,
  sampleContainerRecord,
  sampleGroup,
  samplePerson,
} from '../testing/sample-directory.ts';
import { clauseOf, matches } from './clause.ts';
import type { Entry } from './entry.ts';
import { staticEntries } from './static-entries.ts';

const NAMES = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay'];
const directory = directoryOf(
  NAMES.map((name, n) =>
    samplePerson(name, 2_000 + n, {
      displayName: ['Ada', 'Bob', 'Ada', 'dev', '', 'Ünal Öz'][n] ?? '',
      active: name !== 'eve',
    }),
  ),
  [
    ...builtInGroups(['ada']),
    sampleGroup('dev', 2_002, ['bob', 'eve']),
    sampleGroup('Ops, all', 2_003, ['cyd'], ['dev', 'ring']),
    sampleGroup('ring', 2_004, [], ['Ops, all']),
    sampleGroup('empty', 2_005, []),
  ],
  [
    sampleContainerRecord(1, 'bob', [{ userId: 'usr-cyd', role: 'maintainer' }, { userId: 'usr-eve' }]),
    sampleContainerRecord(2, 'dan', [{ groupId: 'grp-Ops, all' }, { groupId: 'grp-ldapusers' }]),
    { ...sampleContainerRecord(3, 'eve'), secretHash: 'h' },
  ].map((container) => ({ ...container, secretHash: 'h' })),
);
const fixed = staticEntries(directory.names);
const views = new Views(directory, () => MADE_AT);
const IDENTITIES: Identity[] = [
  { kind: 'person', userId: 'usr-ada', passwordChangedAt: MADE_AT },
  { kind: 'person', userId: 'usr-cyd', passwordChangedAt: MADE_AT },
  ...['ctr-1', 'ctr-2', 'ctr-3'].map((containerId) => ({ kind: 'container' as const, containerId, secretHash: 'h' })),
];

const equal = (attribute: string, value: string): Filter => ({ op: 'equal', attribute, value: Buffer.from(value) });
const EVERYTHING: Filter = { op: 'present', attribute: 'objectClass' };

function search(identity: Identity, base: string, scope: Scope, filter: Filter): Entry[] {
  const request: SearchRequest = {
    op: 'search',
    base,
    scope,
    filter,
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    attributes: '',
  };
  const run = beginSearch(request, { view: views.of(identity), fixed });
  if (!(run instanceof SearchRun)) throw new Error(JSON.stringify(run));
  const found: Entry[] = [];
  run.piece(
    Number.POSITIVE_INFINITY,
    () => true,
    (_, entry) => found.push(entry),
  );
  return found;
}

const dns = (entries: Entry[]) => entries.map(({ dn }) => dn).sort();

describe('the indexes lose nothing and add nothing:', () => {
  const name = fc.constantFrom(
    ...NAMES,
    'ADA',
    'dev',
    'ops, all',
    'nobody',
    'ctr-1-owner',
    'ctr-2',
    'Ünal  öz',
    'sudoRole',
    'posixAccount',
    'posixGroup',
    'top',
  );
  const dn = fc.constantFrom(
    ...NAMES.map((each) => directory.names.person(each)),
    ...['dev', 'Ops, all', 'ldapusers', 'sysadmins', 'empty'].map((each) => directory.names.group(each)),
    'no name',
  );
  const number = fc.constantFrom('2000', '2001', '2002', '2003', '2004', '0', 'x');
  const leaf: fc.Arbitrary<Filter> = fc.oneof(
    fc
      .tuple(fc.constantFrom('uid', 'cn', 'memberUid', 'objectClass', 'sudoUser', 'mail', 'nope', 'ou', 'sn'), name)
      .map(([a, v]) => equal(a, v)),
    fc.tuple(fc.constantFrom('uidNumber', 'gidNumber', 'sudoOrder'), number).map(([a, v]) => equal(a, v)),
    fc.tuple(fc.constantFrom('member', 'memberOf', 'entryDN'), dn).map(([a, v]) => equal(a, v)),
    fc
      .constantFrom('uid', 'memberUid', 'memberOf', 'nope', 'sudoHost', 'ou', 'dc')
      .map((attribute) => ({ op: 'present' as const, attribute })),
    number.map((value) => ({ op: 'greaterOrEqual' as const, attribute: 'uidNumber', value: Buffer.from(value) })),
    fc.constantFrom('a', 'd', 'o').map((text) => ({
      op: 'substrings' as const,
      attribute: 'cn',
      initial: undefined,
      any: [Buffer.from(text)],
      final: undefined,
    })),
  );
  const filter: fc.Arbitrary<Filter> = fc.letrec<{ node: Filter }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      leaf,
      tie('node').map((part): Filter => ({ op: 'not', part })),
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('node'), { maxLength: 3 }))
        .map(([op, parts]): Filter => ({ op, parts })),
    ),
  })).node;

  test('a search finds what a look at every entry finds', () => {
    fc.assert(
      fc.property(fc.constantFrom(...IDENTITIES), filter, (identity, each) => {
        const clause = clauseOf(each);
        const expected = search(identity, BASE, 'sub', EVERYTHING).filter((entry) => matches(clause, entry));
        expect(dns(search(identity, BASE, 'sub', each))).toEqual(dns(expected));
      }),
      { numRuns: 1_000 },
    );
  });

  test('the scopes of a base together are the tree', () => {
    fc.assert(
      fc.property(fc.constantFrom(...IDENTITIES), filter, (identity, each) => {
        const of = (base: string, scope: Scope) => dns(search(identity, base, scope, each));
        const branches = ['people', 'groups', 'sudoers', 'services'].map((branch) => `ou=${branch},${BASE}`);
        expect(
          [...of(BASE, 'base'), ...of(BASE, 'one'), ...branches.flatMap((branch) => of(branch, 'one'))].sort(),
        ).toEqual(of(BASE, 'sub'));
        for (const branch of branches)
          expect([...of(branch, 'base'), ...of(branch, 'one')].sort()).toEqual(of(branch, 'sub'));
      }),
    );
  });
});

test('every entry is found by its own name, in any letter case', () => {
  for (const identity of IDENTITIES) {
    for (const { dn } of search(identity, BASE, 'sub', EVERYTHING)) {
      expect(dns(search(identity, dn.toUpperCase(), 'base', EVERYTHING))).toEqual([dn]);
    }
  }
});

test('nobody in particular sees nobody', () => {
  expect(views.of(ANONYMOUS)).toBeUndefined();
});

test('a container sees its people, all their groups, and of these groups only its people', () => {
  const seen = (containerId: string, branch: string) => {
    const entries = search(
      { kind: 'container', containerId, secretHash: 'h' },
      `ou=${branch},${BASE}`,
      'one',
      EVERYTHING,
    );
    return entries.map((entry) => entry.dn.split(',ou=')[0]);
  };
  expect(seen('ctr-1', 'people')).toEqual(['uid=bob', 'uid=cyd']);
  expect(seen('ctr-1', 'groups')).toEqual(['cn=Ops\\, all', 'cn=dev', 'cn=ldapusers', 'cn=ring']);
  expect(seen('ctr-2', 'people')).toEqual(['uid=ada', 'uid=bob', 'uid=cyd', 'uid=dan', 'uid=fay']);
  expect(seen('ctr-3', 'people')).toEqual([]);
  const [group] = search(IDENTITIES[2] as Identity, BASE, 'sub', equal('gidNumber', '2003'));
  const text = group?.encoded(new Selection(['memberUid']), false).toString('latin1') ?? '';
  expect(text.match(/bob|cyd|eve/g)).toEqual(['bob', 'cyd']);
});

test('an identity ends with what it was proved by', () => {
  expect(views.of({ kind: 'container', containerId: 'ctr-1', secretHash: 'former' })).toBeUndefined();
  expect(views.of({ kind: 'container', containerId: 'ctr-9', secretHash: 'h' })).toBeUndefined();
  expect(views.of({ kind: 'person', userId: 'usr-eve', passwordChangedAt: MADE_AT })).toBeUndefined();
  expect(views.of({ kind: 'person', userId: 'usr-ada', passwordChangedAt: MADE_AT - 1 })).toBeUndefined();
});
