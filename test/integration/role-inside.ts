/**
 * A role inside a lab host's network namespace, driven by lines of JSON: a process has one network namespace, so the
 * test itself cannot be there. Argument: the configuration's `roles` as JSON, of which the first is taken.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadRoles } from '@berth/agents/roles.ts';
import { createLogger } from '@berth/agents/shared/logger.ts';
import type { RoleModule } from '@berth/agents/shared/role.ts';
import { CommandSchema } from '@berth/proto/agent/v1/command_pb.js';
import { ResourceSchema } from '@berth/proto/agent/v1/resource_pb.js';
import { SessionRequestSchema } from '@berth/proto/agent/v1/session_pb.js';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { keyOf } from '@berth/proto/contract/resource.ts';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';

/** A line of the test. */
export type Ask =
  | { op: 'apply'; generation: number; resources: string[] }
  | { op: 'execute'; command: string }
  | { op: 'open' };

const [role] = await loadRoles(JSON.parse(process.argv[2] ?? '{}'));
if (!role) throw new Error('no role was named');
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const bytes = (text: string) => Buffer.from(text, 'base64');

await role.start({
  clock: systemClock,
  random: Math.random,
  log: createLogger(process.env.BERTH_TEST_LOG ?? 'fatal'),
  stateDir: await mkdtemp(join(tmpdir(), 'berth-role-state-')),
  requestApply: () => {},
  report: (message) => {
    const report = toBinary(SessionRequestSchema, create(SessionRequestSchema, { message }));
    say({ report: Buffer.from(report).toString('base64') });
  },
});

async function answer(role: RoleModule, ask: Ask): Promise<unknown> {
  if (ask.op === 'open') return role.sessionOpened?.();
  const context = {
    signal: new AbortController().signal,
    progress: () => {},
    notes: { read: () => ({}), write: async () => {} },
  };
  if (ask.op === 'execute') return role.execute(fromBinary(CommandSchema, bytes(ask.command)), context);
  const resources = ask.resources.map((text) => fromBinary(ResourceSchema, bytes(text)));
  const report = await role.apply({
    generation: BigInt(ask.generation),
    resources: new Map(resources.map((resource) => [keyOf(resource), resource])),
  });
  return { ...report, errors: report.errors.map(({ version: _, ...error }) => error) };
}

// Timers of the role keep nothing alive, and once the test has said all there is nothing else.
setInterval(() => {}, 2 ** 30);
say({ reply: await role.capabilities() });
for await (const line of createInterface({ input: process.stdin }))
  say({ reply: (await answer(role, JSON.parse(line))) ?? null });
await role.stop();
process.exit(0);
