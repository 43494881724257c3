import { ProbeReach } from '@berth/proto/agent/v1/command_pb.js';
import { AppError } from '../errors.ts';
import { noteCondition } from '../store/conditions.ts';
import type { Row } from '../store/schema.ts';
import { type ServiceRow, servicesOf } from '../store/services.ts';
import { forget, runCommand, type Task } from './run-command.ts';
import type { StepContext } from './saga.ts';
import { activeAgents } from './site-agents.ts';
import { requirePlacement } from './subject-rows.ts';

/** How long one probe keeps trying while the guest comes up, in milliseconds. */
const PROBE_MS = 20_000;
const DEADLINE_MS = 60_000;

/**
 * Sends a request or a connection through each nginx to each HTTP and TCP service. A guest that refuses is there:
 * its owner may start the program later, so that is a warning and not a failure. UDP has no answer to wait for.
 * @throws AppError "guest_unreached", worth trying again
 */
export async function probeServices(context: StepContext): Promise<void> {
  const { container } = await requirePlacement(context);
  const services = await servicesOf(context.store.db, [container.id]);
  const agents = await activeAgents(context.store.db, container.site_id, 'nginx');
  for (const agent of agents) {
    for (const service of services) {
      const task = probeTask(service, container.address);
      if (task) await probe(context, agent, service, task);
    }
  }
}

/**
 * What is tried: a request for a path that the service has, or a connection, by TLS with its name where it wants that.
 * What nginx answers in the container's place because it is asked to (a password, a limit, maintenance) is for the agent
 * to know; it then asks the container itself.
 */
function probeTask(service: ServiceRow, address: string): Task | undefined {
  const backend = { address, port: service.internal_port, tls: service.backend_tls === 1 };
  const common = { backend, timeoutMs: PROBE_MS };
  const [name] = service.names;
  if (name) {
    const target = { case: 'httpHost' as const, value: name.host };
    return { case: 'probeRoute', value: { target, httpPath: name.path, ...common } };
  }
  if (service.kind === 'tcp' && service.external_port !== null) {
    const target = { case: 'tcpPort' as const, value: service.external_port };
    return { case: 'probeRoute', value: { target, tlsHost: service.sni_host, ...common } };
  }
  return undefined;
}

async function probe(context: StepContext, agent: Row<'agents'>, service: ServiceRow, task: Task): Promise<void> {
  const key = `probe ${agent.id} ${service.id}`;
  const { probe: found } = await runCommand(context, { key, agentId: agent.id, task, deadlineMs: DEADLINE_MS });
  const name = service.names[0]?.host ?? `${service.sni_host} port ${service.external_port}`.trim();
  switch (found?.reach) {
    case ProbeReach.ANSWERED:
      return context.log(`${name} answered through ${agent.name} in ${found.elapsedMs} ms.`);
    case ProbeReach.REFUSED:
      await context.log(`Warning: nothing listens on port ${service.internal_port} of the guest yet (${name}).`);
      return noteSilence(context, agent.id, service, name);
    default:
      await forget(context, key);
      throw new AppError('unavailable', {
        reason: 'guest_unreached',
        message: `${name} does not reach the guest through ${agent.name}: ${found?.detail || 'no answer'}`,
      });
  }
}

async function noteSilence(context: StepContext, agentId: string, service: ServiceRow, name: string): Promise<void> {
  const { siteId, containerId } = context.operation;
  await context.commit(async (tx) => {
    await noteCondition(tx, siteId, agentId, {
      kind: 'nothing_listens',
      severity: 'warning',
      subject: `service ${service.id}`,
      message: `Nothing listened on port ${service.internal_port} when ${name} was last tried.`,
      containerId,
    });
    return {};
  });
}
