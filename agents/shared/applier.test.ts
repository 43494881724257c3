import { ConfigPhase } from '@berth/proto/agent/v1/session_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { Applier, type GenerationOutcome } from './applier.ts';
import type { ApplyReport } from './role.ts';
import { FakeRole, RUNNING } from './testing/fake-role.ts';
import { quiet } from './testing/logger.ts';
import { heldSet, nameRecord } from './testing/resources.ts';

const REJECTED: ApplyReport = { status: 'rejected', message: 'the program refuses', errors: [], timingsMs: {} };
const FAULTY: ApplyReport = { ...RUNNING, errors: [{ stage: 'validate', stderrTail: 'bad' }] };

let clock: VirtualClock;
let role: FakeRole;
let outcomes: GenerationOutcome[];
let applier: Applier;

beforeEach(() => {
  clock = new VirtualClock();
  role = new FakeRole();
  outcomes = [];
  const ended = async (outcome: GenerationOutcome) => void outcomes.push(outcome);
  applier = new Applier({ roles: [role], clock, random: () => 0.5, log: quiet, prepare: async () => {}, ended });
});

const A = 'nameRecord/a';
const B = 'nameRecord/b';

function set(generation: bigint, ...names: string[]) {
  return heldSet(
    1n,
    generation,
    names.map((name) => nameRecord(name)),
  );
}

describe('Applier', () => {
  it('applies a set and says so', async () => {
    applier.submit(set(1n, 'a'));
    expect(applier.outcome).toBeUndefined();
    await applier.idle();
    expect(role.applied).toMatchObject([{ generation: 1n, changed: undefined }]);
    expect(applier.outcome).toMatchObject({ phase: ConfigPhase.RUNNING, timingsMs: { reload: 1 } });
  });

  it('applies what comes at any moment about the end of an apply', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const late = set(2n, `late-${turns}`);
      const own = new FakeRole();
      const ended = async ({ set: done }: GenerationOutcome) => void (done !== late && submitAfter(turns));
      const one = new Applier({ roles: [own], clock, random: () => 0.5, log: quiet, prepare: async () => {}, ended });
      const submitAfter = async (left: number): Promise<void> =>
        left === 0 ? one.submit(late, new Set([A])) : Promise.resolve().then(() => submitAfter(left - 1));
      one.submit(set(1n, 'a'));
      await clock.advance(0);
      expect(own.applied.map(({ generation }) => generation)).toEqual([1n, 2n]);
    }
  });

  it('applies only the newest of what came during an apply, with everything that changed', async () => {
    const gate = Promise.withResolvers<ApplyReport>();
    applier.submit(set(1n));
    await applier.idle();
    role.onApply = () => gate.promise;
    applier.submit(set(2n, 'a'), new Set([A]));
    applier.submit(set(3n, 'a', 'b'), new Set([B]));
    await clock.advance(0);
    role.onApply = () => RUNNING;
    applier.submit(set(4n, 'b'), new Set([A]));
    gate.resolve(RUNNING);
    await applier.idle();
    const seen = role.applied.map(({ generation, changed }) => [generation, changed && [...changed].sort()]);
    expect(seen).toEqual([
      [1n, undefined],
      [2n, [A]],
      [4n, [A, B]],
    ]);
    expect(outcomes.map((outcome) => outcome.set.generation)).toEqual([1n, 2n, 4n]);
  });

  it('tries a rejected set again with a back-off, without knowing what the host runs', async () => {
    role.onApply = () => REJECTED;
    applier.submit(set(1n, 'a'));
    await applier.idle();
    expect(applier.outcome).toMatchObject({ phase: ConfigPhase.REJECTED, message: 'the program refuses' });
    await clock.advance(1_100);
    expect(role.applied).toHaveLength(2);
    role.onApply = () => RUNNING;
    await clock.advance(2_000);
    expect(role.applied).toHaveLength(3);
    expect(role.applied.at(-1)?.changed).toBeUndefined();
    expect(applier.outcome?.phase).toBe(ConfigPhase.RUNNING);
    await clock.advance(3_600_000);
    expect(role.applied).toHaveLength(3);
  });

  it('counts what a rejected set changed as still changed', async () => {
    applier.submit(set(1n));
    await applier.idle();
    role.onApply = () => REJECTED;
    applier.submit(set(2n, 'a'), new Set([A]));
    await applier.idle();
    role.onApply = () => RUNNING;
    applier.submit(set(3n, 'a', 'b'), new Set([B]));
    await applier.idle();
    expect([...(role.applied.at(-1)?.changed ?? [])].sort()).toEqual([A, B]);
  });

  it('looks seldom after what is quarantined, until it heals', async () => {
    role.onApply = () => FAULTY;
    applier.submit(set(1n, 'a'));
    await clock.advance(29_000);
    expect(role.applied).toHaveLength(1);
    role.onApply = () => RUNNING;
    await clock.advance(31_000);
    expect(role.applied).toHaveLength(2);
    expect(outcomes.map(({ errors }) => errors.length)).toEqual([1, 0]);
  });

  it('rejects when a role throws', async () => {
    role.onApply = () => {
      throw new Error('no disk');
    };
    applier.submit(set(1n));
    await applier.idle();
    expect(applier.outcome).toMatchObject({ phase: ConfigPhase.REJECTED, message: 'no disk' });
  });

  it('leaves a role alone whose kinds did not change, and keeps its quarantine in the report', async () => {
    role.onApply = () => FAULTY;
    applier.submit(set(1n, 'a'));
    await applier.idle();
    applier.submit(set(2n, 'a'), new Set(['httpRoute/x']));
    await applier.idle();
    expect(role.applied).toHaveLength(1);
    expect(outcomes.at(-1)).toMatchObject({ set: { generation: 2n }, errors: [{ stderrTail: 'bad' }] });
  });

  it('takes a new number for the same set without touching the host', async () => {
    applier.submit(set(1n, 'a'));
    await applier.idle();
    expect(applier.renumber(set(2n, 'a'))).toMatchObject({ set: { generation: 2n }, phase: ConfigPhase.RUNNING });
    expect(role.applied).toHaveLength(1);
  });

  it('applies nothing more once it is stopped', async () => {
    role.onApply = () => REJECTED;
    applier.submit(set(1n));
    await applier.stop();
    await clock.advance(60_000);
    expect(role.applied).toHaveLength(1);
  });
});
