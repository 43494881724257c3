import { keyOf } from '@berth/proto/contract/resource.ts';
import type { StepFailure } from '../shared/apply-release.ts';
import type { FaultPlace } from './faults.ts';
import type { Plan } from './plan.ts';
import type { RenderedRelease } from './render.ts';

/** Who is to blame for a refusal, and where nginx says so. */
export type Blame = { readonly keys: readonly string[]; readonly place: FaultPlace };

const FILE_AND_LINE = /(?:in|of) \S*?((?:[a-z]+\/)?[0-9a-z]+\.(?:conf|map)):(\d+)/;
const CERTIFICATE_FILE = /(certificates\/[0-9a-f]{16}\.(?:pem|key))/;
const BIND = /bind\(\) to \S+:(\d+) failed/g;

/** Finds the resources behind nginx's words; undefined when the words point at none. */
export function blame(failure: StepFailure, release: RenderedRelease, plan: Plan): Blame | undefined {
  return byBind(failure, plan) ?? byCertificate(failure, release) ?? byLine(failure, release);
}

function byLine(failure: StepFailure, release: RenderedRelease): Blame | undefined {
  const [, file, line] = FILE_AND_LINE.exec(failure.stderr) ?? [];
  if (file === undefined) return undefined;
  const keys = keysOf(release.files.get(file)?.owners?.[Number(line) - 1]);
  return keys.length > 0 ? { keys, place: { exitCode: failure.exitCode, file, line: Number(line) } } : undefined;
}

function byCertificate(failure: StepFailure, release: RenderedRelease): Blame | undefined {
  const file = CERTIFICATE_FILE.exec(failure.stderr)?.[1];
  if (file === undefined) return undefined;
  const keys = keysOf(release.files.get(file)?.owners?.[0]);
  return keys.length > 0 ? { keys, place: { exitCode: failure.exitCode, file } } : undefined;
}

function keysOf(owners: string | readonly string[] | undefined): readonly string[] {
  return typeof owners === 'string' ? [owners] : (owners ?? []);
}

// nginx does not say whether the port is TCP's or UDP's; an innocent one heals as soon as its port is found free.
function byBind(failure: StepFailure, plan: Plan): Blame | undefined {
  const ports = new Set([...failure.stderr.matchAll(BIND)].map((match) => Number(match[1])));
  const streams = plan.streams.filter((stream) => ports.has(stream.port));
  if (streams.length === 0) return undefined;
  return { keys: streams.map((stream) => keyOf(stream.resource)), place: { exitCode: failure.exitCode } };
}
