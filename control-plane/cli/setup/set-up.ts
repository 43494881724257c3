/**
 * `berth setup`: from an installed package to a control plane that serves and has an administrator. Each step looks
 * first, so that a run that was broken off is ended by the next one, and a further run changes nothing.
 */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import type { HostPaths } from '../../host/paths.ts';
import { writeWhole } from '../../host/write-file.ts';
import { CliError } from '../explain.ts';
import type { Administrator, Settings } from './answers.ts';
import { configure } from './configure.ts';
import { makeAdministrator } from './first-administrator.ts';
import { doneText, standingText } from './report.ts';
import { authorityOf, type Standing, setupRequired, standingOf } from './standing.ts';
import { SERVICE, type SetupWorld } from './world.ts';

const SERVES_WITHIN_MS = 60_000;
const LOOK_MS = 100;

/** Where answers come from: nobody is asked for what is not needed. */
export interface AnswerSource {
  /** @param now what was set up before */
  settings(now: Config | undefined): Promise<Settings>;
  administrator(): Promise<Administrator>;
}

export interface SetupOptions {
  /** Whether what was set up before is changed. */
  change: boolean;
  /** Whether this user's `berth` is signed in as the new administrator. */
  login: boolean;
}

/** Sets the host up. @throws CliError, ConnectError with what does not go and what to do about it */
export async function setUp(world: SetupWorld, source: AnswerSource, options: SetupOptions): Promise<void> {
  const { paths, services, print } = world;
  const before = await standingOf(paths, services);
  if (isDone(before, paths) && !options.change) return print(standingText(before));
  const settings = !before.config || options.change ? await source.settings(before.config) : undefined;
  const first = before.config ? undefined : await source.administrator();
  const config = settings ? await configure(world, settings, before.running) : (before.config as Config);
  if (settings || !before.running) {
    print(`Starting ${SERVICE} …`);
    await services.restart(SERVICE);
  }
  const required = await untilItServes(config);
  const ca = authorityOf(config);
  if (ca) writeWhole(paths.caFile, ca, { file: 0o644, directory: 0o755 });
  const made = required ? (first ?? (await source.administrator())) : undefined;
  if (made) await makeAdministrator(config, made, options.login);
  print(doneText(config, paths, made));
}

/** Where the service was stopped, somebody had his reason: the authority's copy tells that it once served. */
function isDone(standing: Standing, { caFile }: HostPaths): standing is Standing & { config: Config } {
  const { config, running, administrator } = standing;
  return config !== undefined && (running ? administrator : existsSync(caFile));
}

/** Waits until the service answers from its database. @returns whether it wants an administrator */
async function untilItServes(config: Config): Promise<boolean> {
  const deadline = performance.now() + SERVES_WITHIN_MS;
  for (;;) {
    try {
      return await setupRequired(config);
    } catch (error) {
      if (performance.now() < deadline) await setTimeout(LOOK_MS);
      else {
        const said = error instanceof Error ? error.message : String(error);
        throw new CliError(`${SERVICE} runs but does not answer (${said}): see "journalctl -u ${SERVICE}".`);
      }
    }
  }
}
