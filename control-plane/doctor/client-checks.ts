/** What any machine can see of a control plane: whether it is reached, trusted, and knows who asks. */
import { lookup } from 'node:dns/promises';
import { request } from 'node:https';
import { type Agent, AgentRole, AgentState, AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { Severity } from '@berth/proto/api/v1/common_pb.js';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { allPages } from '../cli/pages.ts';
import { VERSION } from '../version.ts';
import { type AgentFact, agentFindings } from './agents.ts';
import { type Check, fault, ok, reasonOf, warning } from './check.ts';
import { clockFindings } from './clock.ts';
import { servedFindings, takeCertificate } from './served-certificate.ts';

const WITHIN_MS = 5_000;

/** Which control plane, and as whom. */
export interface ClientView {
  url: string;
  /** PEM; undefined for the system's authorities. */
  ca: string | undefined;
  transport: Transport;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The checks of a control plane from afar. They end with the first that fails, for the others would say the same. */
export function clientChecks(view: ClientView): Check[] {
  return [{ name: 'server', look: () => lookAtServer(view) }];
}

async function lookAtServer(view: ClientView): Promise<Finding[]> {
  const { hostname, port } = new URL(view.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const reached = await reachFindings(view, host, Number(port || 443));
  if (reached.some(({ state }) => state === 'fault')) return reached;
  const clock = clockFindings({
    now: view.now(),
    other: { now: await serverNow(view), whose: 'the control plane' },
    newestChange: undefined,
    synchronised: undefined,
    container: false,
  });
  return [...reached, ...clock, ...(await callFindings(view))];
}

async function reachFindings(view: ClientView, host: string, port: number): Promise<Finding[]> {
  try {
    await lookup(host);
  } catch (error) {
    const remedy = 'Is BERTH_URL right, and does this machine ask the right DNS server?';
    return [fault('names', `${host} does not resolve (${reasonOf(error)})`, remedy)];
  }
  try {
    const served = await takeCertificate({ host, port }, view.ca);
    return [ok('server', `${view.url} is reached`), ...servedFindings(served, [host], view.now()).map(forClients)];
  } catch (error) {
    const remedy = 'Does the control plane run, and does no firewall stand between? On its host: "berth doctor".';
    return [fault('server', `${view.url} cannot be reached: ${reasonOf(error)}`, remedy)];
  }
}

function forClients(finding: Finding): Finding {
  if (finding.state === 'ok') return finding;
  const remedy =
    'Give the authority\'s file by --ca or BERTH_CA (on the control plane\'s host: /etc/berth/ca.pem); there, see "berth doctor".';
  return { ...finding, remedy };
}

function serverNow({ url, ca }: ClientView): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const call = request(url, { method: 'HEAD', timeout: WITHIN_MS, ...(ca && { ca }) }, (answer) => {
    answer.resume();
    resolve(Date.parse(answer.headers.date ?? ''));
  });
  call.on('timeout', () => call.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
  call.on('error', reject);
  call.end();
  return promise;
}

async function callFindings({ transport, now }: ClientView): Promise<Finding[]> {
  try {
    const { user, serverVersion } = await createClient(AuthService, transport).whoAmI({});
    const known = ok('token', `signed in as ${user?.username}`);
    const agents = user?.administrator ? agentFindings(await agentsBy(transport), now(), serverVersion) : [];
    return [known, versionFinding(serverVersion), ...agents];
  } catch (error) {
    if (ConnectError.from(error).code !== Code.Unauthenticated) throw error;
    const remedy = 'Sign in: "berth login URL"; or set BERTH_TOKEN to a token that is valid.';
    return [fault('token', 'the control plane does not know who asks, or not any more', remedy)];
  }
}

function versionFinding(server: string): Finding {
  if (server === VERSION) return ok('versions', `here and there: ${VERSION}`);
  const remedy = 'Install the same version here; older commands may not know what the server can do.';
  return warning(
    'versions',
    `this command is of ${VERSION}, the control plane of ${server || 'an older version'}`,
    remedy,
  );
}

async function agentsBy(transport: Transport): Promise<AgentFact[]> {
  const client = createClient(AgentsService, transport);
  const agents = await allPages(async (pageToken) => {
    const page = await client.listAgents({ pageSize: 200, pageToken });
    return { items: page.agents, next: page.nextPageToken };
  });
  return agents.map(factOf);
}

const STATES: Partial<Record<AgentState, AgentFact['state']>> = {
  [AgentState.CONNECTED]: 'connected',
  [AgentState.SUSPECT]: 'suspect',
  [AgentState.REVOKED]: 'revoked',
};

const SEVERITIES: Partial<Record<Severity, 'info' | 'error'>> = {
  [Severity.INFO]: 'info',
  [Severity.ERROR]: 'error',
};

function factOf(agent: Agent): AgentFact {
  return {
    ...agent,
    roles: agent.roles.map((role) => (AgentRole[role] ?? '').toLowerCase()),
    state: STATES[agent.state] ?? 'unknown',
    desiredGeneration: Number(agent.desiredGeneration),
    acknowledgedGeneration: Number(agent.acknowledgedGeneration),
    runningGeneration: Number(agent.runningGeneration),
    lastSeenAt: agent.lastSeenAt && timestampMs(agent.lastSeenAt),
    certificateExpiresAt: agent.certificateExpiresAt && timestampMs(agent.certificateExpiresAt),
    conditions: agent.conditions.map(({ kind, severity, subject, message }) => ({
      kind,
      severity: SEVERITIES[severity] ?? 'warning',
      subject,
      message,
    })),
  };
}
