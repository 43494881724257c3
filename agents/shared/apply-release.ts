import { performance } from 'node:perf_hooks';
import type { ReleaseFiles } from './release-files.ts';
import type { Activation, Release, ReleaseStore, StagedRelease } from './release-store.ts';

/** Stages of an apply, in their order. */
export type ApplyStage = 'stage' | 'validate' | 'swap' | 'reload' | 'verify' | 'confirm';

/** What a program said when it refused. */
export interface StepFailure {
  /** Exit code of the program, 0 when there was none. */
  exitCode: number;
  /** End of its standard error, or the reason in words. */
  stderr: string;
  /** File it named, relative to the release. */
  file?: string;
  /** Line it named. */
  line?: number;
}

/** An apply that did not succeed. The previous release is live again. */
export interface ApplyFailure extends StepFailure {
  stage: ApplyStage;
  /** Why going back did not succeed either. */
  rollbackError?: string;
}

/** How an apply ended; timings are milliseconds by stage. */
export type ApplyResult =
  | { ok: true; release: Release; timingsMs: Record<string, number> }
  | { ok: false; failure: ApplyFailure; timingsMs: Record<string, number> };

/** What an apply needs. Steps answer undefined for success; one that throws has failed with that error. */
export interface ApplyPlan {
  store: ReleaseStore;
  files: ReleaseFiles;
  /** Name of the release, e.g. its generation. */
  id: string;
  /** Judges the staged tree with the real program. */
  validate(staged: Release): Promise<StepFailure | undefined>;
  /** Makes the program take what is live; called again after a roll-back, with the release that is live then. */
  reload(release: Release | undefined): Promise<StepFailure | undefined>;
  /** Whether the running program serves this release. */
  verify(release: Release): Promise<StepFailure | undefined>;
}

/**
 * stage → validate → journal → swap → reload → verify → confirm. Any failure after the swap rolls back and reloads, so
 * that files and program agree again. Never rejects.
 */
export async function applyRelease(plan: ApplyPlan): Promise<ApplyResult> {
  const timingsMs: Record<string, number> = {};
  const step = stepper(timingsMs);
  let staged: StagedRelease | undefined;
  let activation: Activation | undefined;
  const failure =
    (await step('stage', async () => {
      staged = await plan.store.stage(plan.files, plan.id);
      return undefined;
    })) ??
    (await step('validate', () => plan.validate(known(staged)))) ??
    (await step('swap', async () => {
      activation = await plan.store.activate(known(staged));
      return undefined;
    })) ??
    (await step('reload', () => plan.reload(known(staged)))) ??
    (await step('verify', () => plan.verify(known(staged)))) ??
    (await step('confirm', async () => void (await known(activation).confirm())));
  if (!failure) return { ok: true, release: known(activation).release, timingsMs };
  const rollbackError = await undo(plan, failure.stage, staged, activation);
  return { ok: false, failure: { ...failure, ...(rollbackError && { rollbackError }) }, timingsMs };
}

type Step = (stage: ApplyStage, run: () => Promise<StepFailure | undefined>) => Promise<ApplyFailure | undefined>;

function stepper(timingsMs: Record<string, number>): Step {
  return async (stage, run) => {
    const start = performance.now();
    const failure = await run().catch(thrown);
    timingsMs[stage] = Math.round(performance.now() - start);
    return failure ? { stage, ...failure } : undefined;
  };
}

/** Goes back as far as the apply came. Undefined, or why that did not succeed. */
async function undo(
  plan: ApplyPlan,
  stage: ApplyStage,
  staged: StagedRelease | undefined,
  activation: Activation | undefined,
): Promise<string | undefined> {
  if (activation) {
    const back = await activation.rollback().catch(thrown);
    const reloaded = await plan.reload(activation.previous).catch(thrown);
    return back?.stderr ?? reloaded?.stderr;
  }
  if (stage !== 'swap') return (await staged?.discard().catch(thrown))?.stderr;
  // A swap that failed half-way has left its journal open, so recovery knows the way back.
  const recovered = await plan.store.recover().catch(thrown);
  if ('stderr' in recovered) return recovered.stderr;
  return (await plan.reload(recovered.current).catch(thrown))?.stderr;
}

function thrown(error: unknown): StepFailure {
  return { exitCode: 0, stderr: error instanceof Error ? error.message : String(error) };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step ran before the one it depends on');
  return value;
}
