/**
 * Every RPC as everybody. What comes out is compared with the policy's table, and written down as a matrix for people
 * to read; what is refused may change nothing, and what changes something stands in the audit.
 */
import { join } from 'node:path';
import { policy, type Rule } from '@berth/control-plane/auth/policy.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearers } from './access/bearers.ts';
import { expectedEndings, expectedForToken } from './access/expectation.ts';
import { matrixText } from './access/matrix-text.ts';
import { people } from './access/people.ts';
import { samples } from './access/sample-requests.table.ts';
import { callAs, type Outcome } from './access/walk.ts';
import { calls, openWorld, type World } from './access/world.ts';

const GOLDEN = join(import.meta.dirname, '../golden/access-matrix.txt');
const titles = (columns: readonly { title: string }[]) => columns.map(({ title }) => title);
const HINT = 'Give it a request that works in test/integration/access/sample-requests.table.ts.';
/** What only reads leaves no trace. */
const READS = /\.(Get|List|Watch|WhoAmI|Export)/;

let world: World;
const matrix = new Map<string, Outcome[]>();
const tokenMatrix = new Map<string, Outcome[]>();

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.bench.close());

describe.each(calls)('$rpc', (call) => {
  const { rpc } = call;

  it('lets in whom the policy lets in, and nobody else', async () => {
    const outcomes: Outcome[] = [];
    for (const person of people) {
      const outcome = await callAs(world, call, person);
      expect(outcome.ending, `${rpc} as ${person.title} failed for another reason than rights. ${HINT}`).not.toMatch(
        /^failed/,
      );
      expect(expectedEndings(rpc, person, samples[rpc]?.narrowed), `${rpc} as ${person.title}`).toContain(
        outcome.ending,
      );
      outcomes.push(outcome);
    }
    matrix.set(rpc, outcomes);
  });

  it('lets in API tokens within their scope and reach, and no others', async () => {
    const outcomes: Outcome[] = [];
    for (const bearer of bearers) {
      const outcome = await callAs(world, call, bearer.person, world.tokens.get(bearer.title));
      const shown = `${rpc} by a token: ${bearer.title}`;
      expect(outcome.ending, `${shown} failed for another reason than rights. ${HINT}`).not.toMatch(/^failed/);
      expect(expectedForToken(rpc, bearer, samples[rpc]?.narrowed), shown).toContain(outcome.ending);
      outcomes.push(outcome);
    }
    tokenMatrix.set(rpc, outcomes);
  });

  it('changes nothing when it is refused, and leaves a trace when it is not', () => {
    const outcomes = [...(matrix.get(rpc) ?? []), ...(tokenMatrix.get(rpc) ?? [])];
    for (const refused of outcomes.filter(({ ending }) => ending !== 'yes')) expect(refused.changed).toEqual([]);
    const { rows = READS.test(rpc) ? 0 : 1 } = samples[rpc]?.audit ?? {};
    for (const { audited } of outcomes.filter(({ done }) => done)) expect(audited).toHaveLength(rows);
  });
});

it('is the matrix that was last agreed', async () => {
  const rowsOf = (outcomes: ReadonlyMap<string, Outcome[]>) =>
    calls.map(({ rpc }) => {
      const { who, scope }: Rule = policy[rpc];
      return { name: rpc, note: `${who}, ${scope}`, endings: (outcomes.get(rpc) ?? []).map(({ ending }) => ending) };
    });
  const text = [
    `People\n\n${matrixText(titles(people), rowsOf(matrix))}`,
    `API tokens\n\n${matrixText(titles(bearers), rowsOf(tokenMatrix))}`,
  ];
  await expect(text.join('\n')).toMatchFileSnapshot(GOLDEN);
});
