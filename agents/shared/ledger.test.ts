import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyHeldSet, type HeldSet } from '@berth/proto/contract/delta.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger, readLedger } from './ledger.ts';
import { deltaTo, heldSet, nameRecord, snapshotOf } from './testing/resources.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-ledger-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const file = () => join(dir, 'ledger');

/** What tells one state from another. */
function essence(held: HeldSet): string {
  const names = [...held.resources.keys()].sort().join(' ');
  return `${held.epoch}/${held.generation} ${Buffer.from(held.digest.bytes()).toString('hex')} ${names}`;
}

function setsFrom(names: string[][]): HeldSet[] {
  return names.map((each, index) =>
    heldSet(
      1n,
      BigInt(index + 1),
      [...new Set(each)].map((name) => nameRecord(name)),
    ),
  );
}

describe('Ledger', () => {
  it('is empty at first and 0600', async () => {
    const ledger = await Ledger.open(dir);
    expect(ledger.state()).toMatchObject({ epoch: 0n, generation: 0n, runningGeneration: 0n });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    await ledger.close();
  });

  it('finds set and running generation again', async () => {
    const [one, two] = setsFrom([
      ['a', 'b'],
      ['b', 'c'],
    ]) as [HeldSet, HeldSet];
    const ledger = await Ledger.open(dir);
    await ledger.accept(snapshotOf(one));
    await ledger.markRunning(1n);
    await ledger.accept(deltaTo(two, one));
    await ledger.close();
    const again = await Ledger.open(dir);
    expect(essence(again.held)).toBe(essence(two));
    expect(again.runningGeneration).toBe(1n);
    await again.close();
  });

  it('writes nothing for a delta it does not take', async () => {
    const [one, two] = setsFrom([['a'], ['b']]) as [HeldSet, HeldSet];
    const ledger = await Ledger.open(dir);
    await ledger.accept(snapshotOf(one));
    const { size } = await stat(file());
    expect(await ledger.accept(snapshotOf(one))).toMatchObject({ ok: true, duplicate: true });
    expect(await ledger.accept(deltaTo(two))).toEqual({ ok: false, refusal: 'needs-snapshot' });
    expect((await stat(file())).size).toBe(size);
    await ledger.close();
  });

  it('keeps its state when it is folded', async () => {
    const [one, two, three] = setsFrom([['a'], ['a', 'b'], ['b']]) as [HeldSet, HeldSet, HeldSet];
    const ledger = await Ledger.open(dir);
    await ledger.accept(deltaTo(one));
    await ledger.accept(deltaTo(two, one));
    await ledger.markRunning(2n);
    await ledger.fold();
    await ledger.accept(deltaTo(three, two));
    await ledger.close();
    const { held, running } = await readLedger(dir);
    expect(essence(held)).toBe(essence(three));
    expect(running).toBe(2n);
  });

  it('recovers a former state from any prefix of its file, and goes on from there', async () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 });
    const property = fc.asyncProperty(fc.array(names, { minLength: 1, maxLength: 6 }), fc.nat(), async (steps, at) => {
      await rm(file(), { force: true });
      const states = [{ end: 0, held: emptyHeldSet() }];
      const ledger = await Ledger.open(dir);
      for (const set of setsFrom(steps)) {
        await ledger.accept(deltaTo(set, ledger.held));
        states.push({ end: (await stat(file())).size, held: ledger.held });
      }
      await ledger.close();
      const bytes = await readFile(file());
      const cut = at % (bytes.length + 1);
      await writeFile(file(), bytes.subarray(0, cut));
      const recovered = await Ledger.open(dir);
      const expected = states.findLast(({ end }) => end <= cut)?.held ?? emptyHeldSet();
      expect(essence(recovered.held)).toBe(essence(expected));
      const next = heldSet(2n, 99n, [nameRecord('z')]);
      await recovered.accept(deltaTo(next, recovered.held));
      await recovered.close();
      expect(essence((await readLedger(dir)).held)).toBe(essence(next));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('cuts off what a broken disk left behind', async () => {
    const [one, two] = setsFrom([['a'], ['b']]) as [HeldSet, HeldSet];
    const ledger = await Ledger.open(dir);
    await ledger.accept(snapshotOf(one));
    const { size } = await stat(file());
    await ledger.accept(deltaTo(two, one));
    await ledger.close();
    const bytes = await readFile(file());
    bytes.writeUInt8(bytes.readUInt8(size + 20) ^ 0xff, size + 20);
    await writeFile(file(), bytes);
    const recovered = await Ledger.open(dir);
    expect(essence(recovered.held)).toBe(essence(one));
    await recovered.close();
  });
});
