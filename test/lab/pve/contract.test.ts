import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { HANDLED } from './cluster.ts';
import { printTable, reduceSchema } from './gen-schema-table.ts';
import { compact, goldenUrl, loadRecordings, nameOf, referenceUrl } from './replay/recording.ts';
import { replay } from './replay/replay.ts';
import { UNCLAIMED } from './replay/script.ts';
import { SUPPORTED } from './supported.ts';

const schemaUrl = referenceUrl('pve-schema.json');
const { recordings, complete } = loadRecordings();
const claimed = recordings.filter(({ seq }) => UNCLAIMED[seq] === undefined);

describe(`the schema table (${existsSync(schemaUrl) ? 'against the reference' : 'NOT CHECKED: no ../shared/reference here'})`, () => {
  test.runIf(existsSync(schemaUrl))('says what the reference schema says', () => {
    const full = JSON.parse(readFileSync(schemaUrl, 'utf8')) as Parameters<typeof reduceSchema>[0];
    expect(printTable(reduceSchema(full))).toBe(
      readFileSync(new URL('../../golden/pve-schema-table.json', import.meta.url), 'utf8'),
    );
  });

  test('has a handler for every method, and no handler without a method', () => {
    expect(HANDLED.toSorted()).toEqual(SUPPORTED.toSorted());
  });
});

describe(`the recordings (${complete ? 'all, from the reference' : 'the claimed ones, from test/golden'})`, () => {
  let results = new Map<number, string[]>();
  beforeAll(async () => {
    results = await replay(recordings);
  });

  test.each(claimed.map((recording) => [nameOf(recording), recording.seq] as const))('%s', (_, seq) => {
    expect(results.get(seq)).toEqual([]);
  });
});

describe.runIf(complete)('the golden copies', () => {
  test('list what is not claimed', async () => {
    const unclaimed = recordings.filter(({ seq }) => UNCLAIMED[seq] !== undefined);
    const lines = unclaimed.map((recording) => `${nameOf(recording)}: ${UNCLAIMED[recording.seq]}\n`);
    await expect(lines.join('')).toMatchFileSnapshot(goldenUrl('pve-unclaimed.txt').pathname);
  });

  test('hold what is claimed', async () => {
    const lines = claimed.map((recording) => `${compact(recording)}\n`);
    await expect(lines.join('')).toMatchFileSnapshot(goldenUrl('pve-recordings.json').pathname);
  });
});
