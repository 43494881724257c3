import {
  type AccessRequest,
  AccessRequestSchema,
  AccessRequestState,
  AccessService,
  ContainerRole,
} from '@berth/proto/api/v1/access_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { roleFlag, roleText } from '../holder.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { timeText } from '../time.ts';

/** `berth access …`. */
export function accessCommand(): Command {
  const access = new Command('access').description('Requests for access to containers');
  for (const command of [request(), list(), grant(), refuse(), withdraw()]) access.addCommand(command);
  return access;
}

function request(): Command {
  return new Command('request')
    .argument('<container>', 'site/hostname')
    .description('Ask the owner of a container for a role in it')
    .addOption(roleFlag('--role', 'what you want to do').default(ContainerRole.USER, 'user'))
    .option('--message <text>', 'why')
    .addHelpText(
      'after',
      `
The answer is the same whether or not there is a container of that name; you are told when its owner has decided.

Example:
  berth access request lab/web1 --role user --message "I am in the course on databases"`,
    )
    .action(async (container: string, options: { role: ContainerRole; message?: string }, command: Command) => {
      const { role, message = '' } = options;
      show(command, (await clientOf(AccessService, command).requestAccess({ container, role, message })).request);
    });
}

function list(): Command {
  return new Command('list')
    .description('List the requests that wait for you')
    .option('--container <container>', 'only those about this container: identifier or site/hostname')
    .option('--own', 'those that you sent')
    .option('--closed', 'also those that are not open any more')
    .action(async (options: { container?: string; own?: boolean; closed?: boolean }, command: Command) => {
      const client = clientOf(AccessService, command);
      const requests = await allPages(async (pageToken) => {
        const page = await client.listAccessRequests({ ...options, pageSize: 200, pageToken });
        return { items: page.requests, next: page.nextPageToken };
      });
      printList(command, AccessRequestSchema, requests, [
        { title: 'CONTAINER', value: (r) => r.container },
        { title: 'WHO', value: (r) => r.user },
        { title: 'ROLE', value: (r) => roleText(r.role) },
        { title: 'STATE', value: stateText },
        { title: 'SENT', value: (r) => timeText(r.createdAt) },
        { title: 'MESSAGE', value: (r) => r.message.replaceAll('\n', ' ') },
        { title: 'ID', value: (r) => r.id },
      ]);
    });
}

function grant(): Command {
  return new Command('grant')
    .argument('<request>', 'identifier')
    .description('Grant a request')
    .addOption(roleFlag('--role', 'another role than asked for'))
    .option('--answer <text>', 'a word to its sender')
    .action(async (id: string, options: { role?: ContainerRole; answer?: string }, command: Command) => {
      const answer = { request: id, grant: true, ...options };
      show(command, (await clientOf(AccessService, command).decideAccessRequest(answer)).request);
    });
}

function refuse(): Command {
  return new Command('refuse')
    .argument('<request>', 'identifier')
    .description('Refuse a request')
    .option('--answer <text>', 'a word to its sender')
    .action(async (id: string, options: { answer?: string }, command: Command) => {
      const answer = { request: id, grant: false, ...options };
      show(command, (await clientOf(AccessService, command).decideAccessRequest(answer)).request);
    });
}

function withdraw(): Command {
  return new Command('withdraw')
    .argument('<request>', 'identifier')
    .description('Take back a request of yours')
    .action(async (id: string, _options, command: Command) => {
      await clientOf(AccessService, command).withdrawAccessRequest({ request: id });
    });
}

function stateText({ state }: AccessRequest): string {
  return (AccessRequestState[state] ?? '').toLowerCase();
}

function show(command: Command, found: AccessRequest | undefined): void {
  if (!found) throw new CliError('the server sent no request.');
  printMessage(command, AccessRequestSchema, found, [
    ['Request', found.id],
    ['Container', found.container],
    ['Who', found.user],
    ['Role', roleText(found.role)],
    ['State', stateText(found)],
    ...(found.answer ? [['Answer', found.answer] as [string, string]] : []),
  ]);
}
