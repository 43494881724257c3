// The commands of README.md and docs, run as they stand there on what `scripts/dev` brings up.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { blocksOf, documents } from '../support/documents/blocks.ts';
import { coverageOf } from '../support/documents/coverage.ts';
import { type Machine, startMachine } from '../support/documents/machine.ts';

let machine: Machine;

beforeAll(async () => {
  machine = await startMachine();
});

afterAll(() => machine?.stop());

for (const file of documents()) {
  const blocks = blocksOf(file).filter((block) => coverageOf(block)?.by === 'run');
  if (blocks.length === 0) continue;
  describe(file, () => {
    for (const block of blocks) test(`line ${block.line}`, () => machine.run(block));
  });
}
