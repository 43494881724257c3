import { type Agent, AgentSchema, type AgentsService, GetAgentRequestSchema } from '@berth/proto/api/v1/agents_pb.js';
import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { type AgentView, getAgent, listAgents, watchedAgents } from '../app/agents/read-agents.ts';
import {
  confirmRestoreVerb,
  createJoinTokenVerb,
  deleteAgentVerb,
  type JoinToken,
  retryAgentVerb,
  updateAgentVerb,
} from '../app/agents/write-agents.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { agentShape } from './shapes.ts';
import { watch } from './watch.ts';

/** Agents and the tokens by which they join. */
export function agentHandlers(deps: ApiDeps): ServiceImpl<typeof AgentsService> {
  const { app } = deps;
  const shape = (view: AgentView) => agentShape(view, app.clock.now(), deps.fleetStartedAt());
  return {
    createJoinToken: async (request, context) =>
      joinTokenShape(deps, await createJoinTokenVerb(app, callerOf(context), request)),
    getAgent: async (request, context) => ({ agent: shape(await getAgent(app, callerOf(context), request)) }),
    async listAgents(request, context) {
      const { rows, nextPageToken } = await listAgents(app, callerOf(context), request);
      return { agents: rows.map(shape), nextPageToken };
    },
    async updateAgent(request, context) {
      const caller = callerOf(context);
      const agent = await updateAgentVerb(app, caller, request);
      return { agent: shape(await getAgent(app, caller, create(GetAgentRequestSchema, { agent }))) };
    },
    async deleteAgent(request, context) {
      await deleteAgentVerb(app, callerOf(context), request);
      return {};
    },
    async retryAgent(request, context) {
      await retryAgentVerb(app, callerOf(context), request);
      return {};
    },
    async confirmRestore(request, context) {
      const caller = callerOf(context);
      const agent = await confirmRestoreVerb(app, caller, request);
      return { agent: shape(await getAgent(app, caller, create(GetAgentRequestSchema, { agent }))) };
    },
    async *watchAgents(request, context) {
      const isNew = onlyChanges();
      yield* watch(
        deps,
        context,
        ({ kind }) => kind === 'agent' || kind === 'site',
        async (caller) => {
          const agents = (await watchedAgents(app, caller, request)).map(shape);
          return { news: agents.filter(isNew).map((agent) => ({ agent })), done: false };
        },
      );
    },
  };
}

/** Whether an agent differs from when it was last asked about. */
function onlyChanges(): (agent: Agent) => boolean {
  const seen = new Map<string, string>();
  return (agent) => {
    const bytes = Buffer.from(toBinary(AgentSchema, agent)).toString('base64');
    const changed = seen.get(agent.id) !== bytes;
    seen.set(agent.id, bytes);
    return changed;
  };
}

function joinTokenShape({ app }: ApiDeps, { token, roles, expiresAt }: JoinToken) {
  const caSha256 = app.enrolment.caSha256();
  const options = `--server ${app.enrolment.url} --token ${token} --ca-sha256 ${caSha256} --roles ${roles.join(',')}`;
  const command = token === '' ? '' : `berth-agent enroll ${options}`;
  return { token, caSha256, command, expiresAt: timestampFromMs(expiresAt) };
}
