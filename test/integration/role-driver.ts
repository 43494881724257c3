import { once } from 'node:events';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import type { DnsmasqConfigInput } from '@berth/agents/dnsmasq/config.ts';
import type { ApplyReport, CommandOutcome } from '@berth/agents/shared/role.ts';
import { type Command, CommandSchema } from '@berth/proto/agent/v1/command_pb.js';
import { type Resource, ResourceSchema } from '@berth/proto/agent/v1/resource_pb.js';
import { type SessionRequest, SessionRequestSchema } from '@berth/proto/agent/v1/session_pb.js';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { LabHost } from '../lab/net/lab-host.ts';
import type { Ask } from './role-inside.ts';

/** Where this repository is. */
export const REPOSITORY = join(import.meta.dirname, '../..');

/** The role on a lab host, as a test uses it. */
export interface RoleDriver {
  capabilities: string[];
  /** Every report so far, oldest first. */
  reports: SessionRequest['message'][];
  apply(generation: number, resources: readonly Resource[]): Promise<ApplyReport>;
  execute(command: Command): Promise<CommandOutcome>;
  sessionOpened(): Promise<void>;
  /** Ends the agent gracefully, or as kill -9 does; dnsmasq stays. */
  stop(signal?: 'SIGKILL'): Promise<void>;
}

/** Starts the dnsmasq role on `host`, as root. */
export function startDnsmasqRole(host: LabHost, config: DnsmasqConfigInput): Promise<RoleDriver> {
  return startRole(host, { dnsmasq: config });
}

/**
 * Starts a role on `host`. One question at a time.
 * @param as program with its arguments that starts another with fewer rights, e.g. setpriv
 * @param repository where the host has this repository for whoever that is
 */
export async function startRole(
  host: LabHost,
  roles: Record<string, unknown>,
  as: readonly string[] = [],
  repository = REPOSITORY,
): Promise<RoleDriver> {
  const there = (path: string) => join(repository, relative(REPOSITORY, path));
  const inside = [there(process.execPath), there(join(import.meta.dirname, 'role-inside.ts')), JSON.stringify(roles)];
  const [program = '', ...args] = [...as, ...inside];
  const child = host.spawn(program, args, { cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] });
  if (!child.stdin || !child.stdout) throw new Error('no pipes to the role');
  const { stdin, stdout } = child;
  const ended = once(child, 'exit');
  const failed = ended.then(() => Promise.reject(new Error('the role did not start')));
  const reports: SessionRequest['message'][] = [];
  const replies: ((reply: unknown) => void)[] = [];
  const next = () => new Promise<unknown>((resolve) => replies.push(resolve));
  createInterface({ input: stdout }).on('line', (line) => {
    const said = JSON.parse(line) as { reply?: unknown; report?: string };
    if (said.report === undefined) replies.shift()?.(said.reply);
    else reports.push(fromBinary(SessionRequestSchema, Buffer.from(said.report, 'base64')).message);
  });
  const ask = (question: Ask) => {
    stdin.write(`${JSON.stringify(question)}\n`);
    return next();
  };
  const encode = (data: Uint8Array) => Buffer.from(data).toString('base64');
  return {
    capabilities: (await Promise.race([next(), failed])) as string[],
    reports,
    apply: async (generation, resources) => {
      const encoded = resources.map((resource) => encode(toBinary(ResourceSchema, resource)));
      return (await ask({ op: 'apply', generation, resources: encoded })) as ApplyReport;
    },
    execute: async (command) =>
      (await ask({ op: 'execute', command: encode(toBinary(CommandSchema, command)) })) as CommandOutcome,
    sessionOpened: async () => void (await ask({ op: 'open' })),
    stop: async (signal) => {
      if (signal) child.kill(signal);
      else stdin.end();
      await ended;
    },
  };
}
