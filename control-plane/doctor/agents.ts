import type { Finding } from '@berth/proto/contract/finding.ts';
import { AHEAD } from '../store/restored-agents.ts';
import { fault, ok, spanText, warning } from './check.ts';

/** What is known of an agent, from the store or from the API. Times are milliseconds since the epoch. */
export interface AgentFact {
  id: string;
  name: string;
  roles: readonly string[];
  state: 'connected' | 'suspect' | 'unknown' | 'revoked';
  version: string;
  desiredGeneration: number;
  acknowledgedGeneration: number;
  runningGeneration: number;
  lastSeenAt: number | undefined;
  certificateExpiresAt: number | undefined;
  conditions: readonly AgentCondition[];
}

/** Something that an agent, or the control plane about it, has found. */
export interface AgentCondition {
  kind: string;
  severity: 'info' | 'warning' | 'error';
  subject: string;
  message: string;
}

/** An agent's certificate lives 24 hours and is renewed at three quarters at the latest. */
const RENEWED_BEFORE_MS = 5 * 3_600_000;
const MOST_CONDITIONS = 5;
/** Of more that are well nobody wants to read each. */
const MOST_NAMED = 10;
const ON_ITS_HOST = 'On its host: "berth-agent doctor", "journalctl -u berth-agent -n 30".';

/** Whether agents are heard, run what they should, and report nothing. @param version the control plane's own */
export function agentFindings(agents: readonly AgentFact[], now: number, version: string): Finding[] {
  const active = agents.filter(({ state }) => state !== 'revoked');
  if (active.length === 0) return [warning('agents', 'none has joined yet', 'Join a host: "berth agent create".')];
  const looked = active.map((agent) => ({
    agent,
    found: [
      ...heard(agent, now),
      ...generations(agent),
      ...certificate(agent, now),
      ...versions(agent, version),
      ...conditions(agent),
    ],
  }));
  const well = looked.filter(({ found }) => found.length === 0).map(({ agent }) => agent);
  return [...wellFindings(well), ...looked.flatMap(({ found }) => found)];
}

function wellFindings(agents: readonly AgentFact[]): Finding[] {
  if (agents.length > MOST_NAMED) return [ok('agents', `${agents.length} are connected and run what they should`)];
  return agents.map((agent) =>
    ok('agents', `${titleOf(agent)}: connected, runs generation ${agent.runningGeneration}`),
  );
}

function titleOf({ name, roles }: AgentFact): string {
  return `${name} (${roles.join(', ')})`;
}

function heard(agent: AgentFact, now: number): Finding[] {
  if (agent.state === 'connected') return [];
  const since =
    agent.lastSeenAt === undefined ? 'was never heard' : `was last heard ${spanText(now - agent.lastSeenAt)} ago`;
  const message = `${titleOf(agent)} ${since}; its host goes on serving what it has`;
  return [agent.state === 'suspect' ? warning('agents', message, ON_ITS_HOST) : fault('agents', message, ON_ITS_HOST)];
}

function generations(agent: AgentFact): Finding[] {
  const { desiredGeneration: desired, runningGeneration: running, acknowledgedGeneration: held } = agent;
  // What cannot be heard cannot catch up, and what is held back after a restore must not.
  if (running >= desired || agent.state !== 'connected' || isAhead(agent)) return [];
  const message = `${titleOf(agent)} runs generation ${running}, holds ${held} and should run ${desired}`;
  const remedy = `See why: "berth agent get ${agent.id}"; once it is mended: "berth agent update ${agent.id} --retry".`;
  return [warning('agents', message, remedy)];
}

function isAhead({ conditions }: AgentFact): boolean {
  return conditions.some(({ kind }) => kind === AHEAD);
}

function certificate(agent: AgentFact, now: number): Finding[] {
  const { certificateExpiresAt: end } = agent;
  if (end === undefined || end - now > RENEWED_BEFORE_MS) return [];
  const whose = `the certificate of ${titleOf(agent)}`;
  if (end > now) return [warning('agents', `${whose} ends in ${spanText(end - now)} and was not renewed`, ON_ITS_HOST)];
  const remedy = 'It joins again with a new token: "berth agent create", then the printed command on its host.';
  return [fault('agents', `${whose} ended ${spanText(now - end)} ago`, remedy)];
}

function versions(agent: AgentFact, version: string): Finding[] {
  if (agent.version === '' || agent.version === version) return [];
  const message = `${titleOf(agent)} is of version ${agent.version}, the control plane of ${version}`;
  return [warning('versions', message, 'Install the same version of berth-agent there.')];
}

function conditions(agent: AgentFact): Finding[] {
  const serious = agent.conditions.filter(({ severity }) => severity !== 'info');
  const remedy = `All of it: "berth agent get ${agent.id}".`;
  const told = serious.slice(0, MOST_CONDITIONS).map(({ kind, severity, subject, message }) => {
    const line = `${titleOf(agent)} reports ${kind.replaceAll('_', ' ')}: ${subject === message ? '' : `${subject}: `}${message}`;
    const what = kind === AHEAD ? `If that is right: "berth agent confirm-restore ${agent.id}".` : remedy;
    return severity === 'error' ? fault('agents', line, what) : warning('agents', line, what);
  });
  const more = serious.length - told.length;
  return more > 0 ? [...told, warning('agents', `${titleOf(agent)} reports ${more} more`, remedy)] : told;
}
