import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { splitKey } from '@berth/proto/contract/resource.ts';
import { type ApplyFailure, applyRelease, type StepFailure } from '../shared/apply-release.ts';
import type { LiveRelease } from '../shared/drift-scan.ts';
import type { ReleaseFiles } from '../shared/release-files.ts';
import type { Release, ReleaseStore } from '../shared/release-store.ts';
import type { ApplyReport, DesiredSet, ResourceFault } from '../shared/role.ts';
import { type ProgramResult, runProgram } from '../shared/run-program.ts';
import type { DnsmasqProbe } from './ask.ts';
import type { DnsmasqConfig } from './config.ts';
import { FILES, mainDigestOf, type Rendering, render, type Stamp } from './render.ts';
import type { DnsmasqServer } from './server.ts';
import { validate } from './validate.ts';

/** Milliseconds until the running dnsmasq must serve a release; with 10,000 names it takes about 200. */
const SERVE_TIMEOUT_MS = 10_000;

/** What applying works with. */
export interface Applying {
  config: DnsmasqConfig;
  store: ReleaseStore;
  server: DnsmasqServer;
  probe: DnsmasqProbe;
  clock: Clock;
  random: Random;
}

/** Reason for setting a resource aside, with what the program said. */
interface Refusal {
  reason: string;
  failure?: StepFailure;
}

/**
 * Brings a set of resources to the running dnsmasq. What our own validation refuses is set aside; should dnsmasq's
 * `--test` still name a line of the main file, the resource that line comes from is set aside as well and the rest is
 * tried again, until the set passes or no culprit can be named.
 * @returns the report and, when it runs, the release that is live now
 */
export async function applyDesired(
  applying: Applying,
  desired: DesiredSet,
): Promise<{ report: ApplyReport; live?: LiveRelease }> {
  const refused = new Map<string, Refusal>();
  for (;;) {
    const candidates = new Map([...desired.resources].filter(([key]) => !refused.has(key)));
    const verdict = validate(candidates);
    const stamp: Stamp = { generation: desired.generation, nonce: nonce(applying.random) };
    const rendering = render(verdict.valid, applying.config, stamp);
    const files = new Map([...rendering.files].map(([name, content]) => [name, { content }]));
    const result = await applyRelease(planOf(applying, files, rendering, stamp));
    const all = new Map([...[...verdict.refused].map(([key, reason]) => [key, { reason }] as const), ...refused]);
    const errors = [...all].map(([key, refusal]) => faultOf(desired, key, refusal));
    const { timingsMs } = result;
    if (result.ok) {
      return { report: { status: 'running', errors, timingsMs }, live: { release: result.release, files } };
    }
    const culprit = culpritOf(result.failure, rendering);
    if (culprit === undefined) {
      return { report: { status: 'rejected', message: wordsOf(result.failure), errors, timingsMs } };
    }
    refused.set(culprit, { reason: result.failure.stderr, failure: result.failure });
  }
}

/**
 * Makes dnsmasq take what is live: SIGHUP when it was started with the same main file, a restart when not, a start
 * when none runs. Which main file it has is asked of the process itself, so a crash at any moment misleads nobody.
 */
export async function reloadServer(applying: Applying, release: Release | undefined): Promise<StepFailure | undefined> {
  const { server, probe } = applying;
  if (!release) return (await server.withdraw()) ? undefined : { exitCode: 0, stderr: 'dnsmasq did not end' };
  const wanted = mainDigestOf(await readFile(join(release.dir, FILES.main), 'utf8'));
  const running = (await server.pid()) !== undefined && (await probe.mainDigest()) === wanted;
  if (running && (await server.reload())) return undefined;
  return failureOf(await server.restart());
}

/** A program's end as a step's: undefined when it succeeded. */
export function failureOf({ exitCode, stderr }: ProgramResult): StepFailure | undefined {
  return exitCode === 0 ? undefined : { exitCode, stderr };
}

function planOf(applying: Applying, files: ReleaseFiles, rendering: Rendering, stamp: Stamp) {
  const { config, store, probe } = applying;
  return {
    store,
    files,
    id: `${stamp.generation}-${stamp.nonce}`,
    validate: (staged: Release) => testMain(config, staged),
    reload: (release: Release | undefined) => reloadServer(applying, release),
    verify: async () => {
      if (await probe.serves(stamp, rendering.mainDigest, SERVE_TIMEOUT_MS)) return undefined;
      return {
        exitCode: 0,
        stderr: `dnsmasq does not serve the new files after ${SERVE_TIMEOUT_MS} ms; its user must be able to read them`,
      };
    },
  };
}

async function testMain(config: DnsmasqConfig, staged: Release): Promise<StepFailure | undefined> {
  const result = await runProgram(config.binary, ['--test', `--conf-file=${join(staged.dir, FILES.main)}`]);
  if (result.exitCode === 0) return undefined;
  const [, line, file] = /at line (\d+) of (\S+)/.exec(result.stderr) ?? [];
  const place = line === undefined || file === undefined ? {} : { line: Number(line), file: basename(file) };
  return { exitCode: result.exitCode, stderr: result.stderr, ...place };
}

function culpritOf(failure: ApplyFailure, rendering: Rendering): string | undefined {
  return failure.stage === 'validate' && failure.file === FILES.main
    ? rendering.owners.get(failure.line ?? 0)
    : undefined;
}

function faultOf(desired: DesiredSet, key: string, { reason, failure }: Refusal): ResourceFault {
  const { kind, name } = splitKey(key);
  return {
    resource: { kind, name },
    stage: 'validate',
    exitCode: failure?.exitCode ?? 0,
    stderrTail: reason,
    file: failure?.file ?? '',
    line: failure?.line ?? 0,
    version: desired.resources.get(key)?.version ?? new Uint8Array(),
  };
}

function wordsOf(failure: ApplyFailure): string {
  const back = failure.rollbackError === undefined ? '' : `; going back failed too: ${failure.rollbackError}`;
  return `${failure.stage}: ${failure.stderr}${back}`;
}

function nonce(random: Random): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
