import { expect, test } from 'vitest';
import { string } from '../ber/writer.ts';
import { type Identity, Views } from '../identity.ts';
import { beginSearch, SearchRun } from '../operations/search.ts';
import { message } from '../protocol/responses.ts';
import { selectionOf } from '../schema/selection.ts';
import { readAnswers } from '../testing/responses.ts';
import {
  BASE,
  builtInGroups,
  directoryOf,
  MADE_AT,
  sampleContainerRecord,
  sampleGroup,
  samplePerson,
} from '../testing/sample-directory.ts';
import { staticEntries } from './static-entries.ts';

const directory = directoryOf(
  [
    samplePerson('ada', 2_000, {
      displayName: 'Ada Lovelace',
      email: 'ada@example.org',
      keys: ['ssh-ed25519 AAAAone', 'ssh-rsa AAAAtwo'],
    }),
    samplePerson('jörg', 2_001, { displayName: 'Jörg Müller, Dr.', shell: '/bin/zsh', passwordChangedAt: 0 }),
    samplePerson('sam', 2_002, { displayName: 'Sam', active: false }),
    samplePerson('mia', 2_003),
  ],
  [...builtInGroups(['ada']), sampleGroup('dev', 2_002, ['mia', 'sam']), sampleGroup('R&D, all', 2_003, [], ['dev'])],
  [
    sampleContainerRecord(1, 'jörg', [{ groupId: 'grp-R&D, all', role: 'maintainer' }]),
    sampleContainerRecord(2, 'ada'),
  ].map((container) => ({ ...container, secretHash: 'h' })),
);
const fixed = staticEntries(directory.names);
const views = new Views(directory, () => MADE_AT);

/** Everything an identity sees, or an entry that everybody sees, as LDIF. */
function ldif(identity: Identity, base = BASE): string {
  const selection = selectionOf(Buffer.concat([string('*'), string('+')]).toString('latin1'));
  const everything = { op: 'present' as const, attribute: 'objectClass' };
  const request = { op: 'search' as const, base, filter: everything, sizeLimit: 0, timeLimit: 0, typesOnly: false };
  const scope = base === BASE ? ('sub' as const) : ('base' as const);
  const run = beginSearch({ ...request, scope, attributes: '' }, { view: views.of(identity), fixed });
  if (!(run instanceof SearchRun)) throw new Error(JSON.stringify(run));
  const texts: string[] = [];
  run.piece(
    Number.POSITIVE_INFINITY,
    () => true,
    (_, entry) => {
      const [answer] = readAnswers(message(1, entry.encoded(selection, false)));
      const lines = Object.entries(answer?.attributes ?? {}).flatMap(([name, values]) =>
        values.map((value) => `${name}: ${value}`),
      );
      texts.push([`dn: ${answer?.dn}`, ...lines].join('\n'));
    },
  );
  return `${texts.join('\n\n')}\n`;
}

test('an administrator sees the tree as it was last agreed', async () => {
  const text = ldif({ kind: 'person', userId: 'usr-ada', passwordChangedAt: MADE_AT });
  await expect(text).toMatchFileSnapshot('../../../test/golden/ldap-administrator.ldif');
});

test('so does a container', async () => {
  await expect(ldif({ kind: 'container', containerId: 'ctr-1', secretHash: 'h' })).toMatchFileSnapshot(
    '../../../test/golden/ldap-container.ldif',
  );
});

test('and what the server says of itself is as agreed', async () => {
  const nobody: Identity = { kind: 'anonymous' };
  await expect(`${ldif(nobody, '')}\n${ldif(nobody, 'cn=subschema')}`).toMatchFileSnapshot(
    '../../../test/golden/ldap-server.ldif',
  );
});
