import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { badInputs } from '../api-bad-input.table.ts';
import type { Ending } from './expectation.ts';
import type { Person } from './people.ts';
import { type Sample, samples } from './sample-requests.table.ts';
import { changedTables, restore, rowsWritten, type Snapshot, takeSnapshot } from './snapshot.ts';
import { type Call, tokenOf, type World } from './world.ts';

/** What a call came to and left behind. */
export interface Outcome {
  /** One of the endings, or how a call failed that should have been decided by rights alone. */
  ending: Ending | `failed: ${string}`;
  /** Whether it succeeded, not only came as far as rights decide. */
  done: boolean;
  /** Tables that the call changed, sessions apart, whose use is noted. */
  changed: string[];
  /** Actions of the audit rows it left. */
  audited: string[];
}

/** Calls an RPC as a person and puts the world back as it was. */
export async function callAs(
  world: World,
  call: Call,
  person: Person,
  token = tokenOf(world, person),
): Promise<Outcome> {
  const { store } = world.bench;
  const sample: Sample = samples[call.rpc] ?? {};
  const more = (await sample.prepare?.(world, person)) ?? {};
  const before = sample.prepare ? await takeSnapshot(store) : world.snapshot;
  const written = await rowsWritten(store);
  const request = filled(
    sample.request ?? goodRequest(call.rpc),
    new Map([...world.identifiers, ...Object.entries(more)]),
  );
  const error = await errorOf(world, call, request, token);
  const ending = endingOf(error, sample);
  const done = error === undefined;
  const untouched = !sample.prepare && (await rowsWritten(store)) === written;
  if (untouched) return { ending, done, changed: [], audited: [] };
  const after = await takeSnapshot(store);
  const audited = actionsBeyond(before, after);
  const changed = changedTables(before, after).filter((name) => name !== 'sessions' && name !== 'audit');
  await restore(store, world.snapshot, changedTables(world.snapshot, after));
  return { ending, done, changed, audited };
}

function goodRequest(rpc: Rpc): JsonObject {
  const row = badInputs[rpc];
  if (!row) throw new Error(`${rpc}: give it a row in test/integration/api-bad-input.table.ts`);
  return row.good;
}

/** How a call failed, if it did. */
async function errorOf(
  { bench }: World,
  { service, method }: Call,
  request: JsonObject,
  token: string,
): Promise<ConnectError | undefined> {
  const transport = bench.transport(token);
  const client = createClient(service, transport) as Record<string, (request: unknown, options?: unknown) => unknown>;
  const leave = new AbortController();
  try {
    const result = client[method.localName]?.(fromJson(method.input, request), { signal: leave.signal });
    if (method.methodKind === 'server_streaming') await begin(result as AsyncIterable<unknown>, leave);
    else await result;
    return undefined;
  } catch (error) {
    return leave.signal.aborted ? undefined : ConnectError.from(error);
  }
}

/** Follows a stream to its first message, or until it has nothing to say and waits. */
async function begin(stream: AsyncIterable<unknown>, leave: AbortController): Promise<void> {
  const waits = settled().then(() => leave.abort());
  for await (const _ of stream) break;
  await waits;
}

/** Resolves when everything has run as far as it comes without time; the store is in memory and answers at once. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function endingOf(error: ConnectError | undefined, { reason }: Sample): Outcome['ending'] {
  if (!error) return 'yes';
  const detail = error.findDetails(ErrorDetailSchema)[0];
  if (reason !== undefined && detail?.reason === reason) return 'yes';
  if (error.code === Code.Unauthenticated) return 'sign in';
  if (error.code === Code.PermissionDenied) return 'no';
  if (error.code === Code.NotFound) return 'hidden';
  return `failed: ${detail?.reason ?? Code[error.code]} (${error.rawMessage})`;
}

function actionsBeyond(before: Snapshot, after: Snapshot): string[] {
  const known = new Set(before.get('audit')?.map(({ id }) => id));
  const rows = after.get('audit')?.filter(({ id }) => !known.has(id)) ?? [];
  return rows.map(({ action }) => String(action));
}

/** A request with every `<name>` replaced. */
function filled(request: JsonObject, identifiers: ReadonlyMap<string, string>): JsonObject {
  const text = JSON.stringify(request).replaceAll(/<(\w+)>/g, (whole, name: string) => identifiers.get(name) ?? whole);
  return JSON.parse(text) as JsonObject;
}
