import {
  type Agent,
  AgentRole,
  AgentSchema,
  AgentState,
  AgentsService,
  CreateJoinTokenResponseSchema,
} from '@berth/proto/api/v1/agents_pb.js';
import { Command, InvalidArgumentError } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { formatOf, printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { wholeNumber } from '../parse.ts';
import { timeText } from '../times.ts';

const ROLES: Record<string, AgentRole> = {
  nginx: AgentRole.NGINX,
  dnsmasq: AgentRole.DNSMASQ,
  proxmox: AgentRole.PROXMOX,
};

/** `berth agent …`. */
export function agentCommand(): Command {
  const agent = new Command('agent').description('Programs on the nginx, dnsmasq and Proxmox hosts');
  agent
    .command('create')
    .description('Make a single-use join token and print the command to run on the host')
    .requiredOption('--site <site>', 'site the host belongs to')
    .requiredOption('--roles <roles>', 'nginx, dnsmasq, proxmox; separated by commas', parseRoles)
    .option('--minutes <n>', 'how long the token works', wholeNumber, 60)
    .addHelpText('after', '\nExample:\n  berth agent create --site lab --roles nginx,dnsmasq')
    .action(async (options: { site: string; roles: AgentRole[]; minutes: number }, command: Command) => {
      const ttl = { seconds: BigInt(options.minutes * 60), nanos: 0 };
      const answer = await clientOf(AgentsService, command).createJoinToken({ ...options, ttl });
      printMessage(command, CreateJoinTokenResponseSchema, answer, [
        ['Run on the host', answer.command],
        ['Token', answer.token],
        ['CA SHA-256', answer.caSha256],
        ['Works until', timeText(answer.expiresAt) || 'never'],
      ]);
    });
  agent
    .command('list')
    .option('--site <site>', 'only of this site')
    .description('List the agents')
    .action(async (options: { site?: string }, command: Command) => {
      const client = clientOf(AgentsService, command);
      const agents = await allPages(async (pageToken) => {
        const page = await client.listAgents({ site: options.site ?? '', pageSize: 200, pageToken });
        return { items: page.agents, next: page.nextPageToken };
      });
      printList(command, AgentSchema, agents, [
        { title: 'NAME', value: (a) => a.name },
        { title: 'ROLES', value: rolesOf },
        { title: 'STATE', value: stateOf },
        { title: 'RUNNING/DESIRED', value: (a) => `${a.runningGeneration}/${a.desiredGeneration}` },
        { title: 'CONDITIONS', value: (a) => a.conditions.length },
        { title: 'ID', value: (a) => a.id },
      ]);
    });
  agent
    .command('get')
    .argument('<agent>', 'identifier')
    .description('Show an agent')
    .action(async (id: string, _options, command: Command) => {
      show(command, (await clientOf(AgentsService, command).getAgent({ agent: id })).agent);
    });
  agent
    .command('update')
    .argument('<agent>', 'identifier')
    .option('--name <name>', 'what it is called')
    .option('--retry', 'send it the current state again')
    .description('Rename an agent, or have it try again what it refused')
    .action(async (id: string, options: { name?: string; retry?: boolean }, command: Command) => {
      const client = clientOf(AgentsService, command);
      if (options.retry) await client.retryAgent({ agent: id });
      if (options.name === undefined) return show(command, (await client.getAgent({ agent: id })).agent);
      const answer = await client.updateAgent({ agent: { id, name: options.name }, updateMask: { paths: ['name'] } });
      show(command, answer.agent);
    });
  agent
    .command('delete')
    .argument('<agent>', 'identifier')
    .description('Revoke its certificate and end its session; what its host serves stays')
    .action(async (id: string, _options, command: Command) => {
      await clientOf(AgentsService, command).deleteAgent({ agent: id });
    });
  agent
    .command('confirm-restore')
    .argument('<agents...>', 'identifiers')
    .description('After a restore: let agents that hold something newer go back to what was restored')
    .addHelpText(
      'after',
      `
What an agent serves beyond the backup ends with this; "berth agent get" says what that is.`,
    )
    .action(async (ids: string[], _options, command: Command) => {
      const client = clientOf(AgentsService, command);
      for (const id of ids) show(command, (await client.confirmRestore({ agent: id })).agent);
    });
  agent
    .command('watch')
    .option('--site <site>', 'only of this site')
    .description('Print agents as they change, until interrupted')
    .action(async (options: { site?: string }, command: Command) => {
      for await (const { agent: changed } of clientOf(AgentsService, command).watchAgents({
        site: options.site ?? '',
      })) {
        if (!changed) continue;
        if (formatOf(command) !== 'table') show(command, changed);
        else
          process.stdout.write(
            `${changed.name}\t${stateOf(changed)}\t${changed.runningGeneration}/${changed.desiredGeneration}\n`,
          );
      }
    });
  return agent;
}

function parseRoles(text: string): AgentRole[] {
  return text.split(',').map((name) => {
    const role = ROLES[name.trim()];
    if (role === undefined) throw new InvalidArgumentError(`"${name}" is none of nginx, dnsmasq, proxmox.`);
    return role;
  });
}

function rolesOf(agent: Agent): string {
  return agent.roles.map((role) => (AgentRole[role] ?? '').toLowerCase()).join(',');
}

function stateOf(agent: Agent): string {
  if (agent.aheadGeneration > 0n) return 'ahead';
  return (AgentState[agent.state] ?? 'unknown').toLowerCase();
}

function restoreLines({ id, aheadGeneration, restorePending }: Agent): [string, string][] {
  if (aheadGeneration > 0n) {
    const how = `berth agent confirm-restore ${id}`;
    return [['Ahead', `holds generation ${aheadGeneration}, newer than the restored backup, until: ${how}`]];
  }
  return restorePending ? [['Restored', 'it has not come back since; operations of its site wait for it']] : [];
}

function show(command: Command, agent: Agent | undefined): void {
  if (!agent) throw new CliError('the server sent no agent.');
  printMessage(command, AgentSchema, agent, [
    ['Agent', `${agent.name} (${agent.id})`],
    ['Roles', rolesOf(agent)],
    ['State', stateOf(agent)],
    ['Version', agent.version],
    [
      'Generations',
      `desired ${agent.desiredGeneration}, sent ${agent.sentGeneration}, held ${agent.acknowledgedGeneration}, running ${agent.runningGeneration}`,
    ],
    ...restoreLines(agent),
    ['Last seen', timeText(agent.lastSeenAt) || 'never'],
    ['Certificate until', timeText(agent.certificateExpiresAt) || 'never'],
    ...agent.conditions.map((c): [string, string] => [c.kind, `${c.subject}: ${c.message}`]),
  ]);
}
