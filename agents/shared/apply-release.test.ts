import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApplyPlan, type ApplyStage, applyRelease, type StepFailure } from './apply-release.ts';
import type { ReleaseFiles } from './release-files.ts';
import { type Activation, type Release, ReleaseStore, type StagedRelease } from './release-store.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-apply-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A program that loads what is live when told to reload. */
class Program {
  loaded: string[] | undefined;

  load(release: Release | undefined): Promise<undefined> {
    this.loaded = release && contents(join(root, 'current'));
    return Promise.resolve(undefined);
  }
}

/** A store whose steps fail where the test says so, before or after they have done their work. */
class BrittleStore extends ReleaseStore {
  failAt: ApplyStage | undefined;
  failAfter = false;

  override stage(files: ReleaseFiles, id: string): Promise<StagedRelease> {
    return this.#brittle('stage', () => super.stage(files, id));
  }

  override async activate(staged: Release): Promise<Activation> {
    const activation = await this.#brittle('swap', () => super.activate(staged));
    return { ...activation, confirm: () => this.#brittle('confirm', () => activation.confirm()) };
  }

  async #brittle<T>(stage: ApplyStage, run: () => Promise<T>): Promise<T> {
    if (this.failAt === stage && !this.failAfter) throw new Error(`no ${stage}`);
    const result = await run();
    if (this.failAt === stage) throw new Error(`no ${stage}`);
    return result;
  }
}

const SET = ['a', 'b', 'c/d'];

function contents(directory: string): string[] {
  return SET.map((path) => readFileSync(join(directory, path), 'utf8'));
}

function plan(store: ReleaseStore, program: Program, text: string, failing?: ApplyStage): ApplyPlan {
  const refusal: StepFailure = { exitCode: 1, stderr: `no ${failing}`, file: 'a', line: 3 };
  let reloads = 0;
  return {
    store,
    files: new Map(SET.map((path) => [path, { content: text }])),
    id: text,
    validate: async () => (failing === 'validate' ? refusal : undefined),
    reload: async (release) => {
      reloads += 1;
      return failing === 'reload' && reloads === 1 ? refusal : program.load(release);
    },
    verify: async () => (failing === 'verify' ? refusal : undefined),
  };
}

describe('applyRelease', () => {
  it('runs the stages and times them', async () => {
    const program = new Program();
    const result = await applyRelease(plan(new ReleaseStore(root), program, 'one'));
    expect(result).toMatchObject({ ok: true, release: { id: 'one' } });
    expect(Object.keys(result.timingsMs)).toEqual(['stage', 'validate', 'swap', 'reload', 'verify', 'confirm']);
    expect(program.loaded).toEqual(['one', 'one', 'one']);
  });

  it.each(['validate', 'reload', 'verify'] as const)(
    'after a failed %s the old set is live and loaded',
    async (stage) => {
      const program = new Program();
      const store = new ReleaseStore(root);
      await applyRelease(plan(store, program, 'old'));
      const result = await applyRelease(plan(store, program, 'new', stage));
      expect(result).toMatchObject({
        ok: false,
        failure: { stage, exitCode: 1, stderr: `no ${stage}`, file: 'a', line: 3 },
      });
      expect(contents(join(root, 'current'))).toEqual(['old', 'old', 'old']);
      expect(program.loaded).toEqual(['old', 'old', 'old']);
    },
  );

  it.each([
    ['stage', false],
    ['stage', true],
    ['swap', false],
    ['swap', true],
    ['confirm', false],
    ['confirm', true],
  ] as const)('when the disk fails at %s (work done: %s) program and files agree on one set', async (stage, after) => {
    const program = new Program();
    const store = new BrittleStore(root);
    await applyRelease(plan(store, program, 'old'));
    store.failAt = stage;
    store.failAfter = after;
    const result = await applyRelease(plan(store, program, 'new'));
    expect(result).toMatchObject({ ok: false, failure: { stage, stderr: `no ${stage}` } });
    expect(contents(join(root, 'current'))).toEqual(['old', 'old', 'old']);
    expect(program.loaded).toEqual(['old', 'old', 'old']);
  });

  it('leaves nothing live when the first apply ever fails', async () => {
    const program = new Program();
    const store = new ReleaseStore(root);
    await applyRelease(plan(store, program, 'new', 'verify'));
    expect(await store.current()).toBeUndefined();
    expect(program.loaded).toBeUndefined();
  });
});
