import { randomUUID } from 'node:crypto';
import {
  type Container,
  ContainerSchema,
  ContainerSelection,
  ContainerState,
  ContainersService,
} from '@berth/proto/api/v1/containers_pb.js';
import type { Operation } from '@berth/proto/api/v1/operations_pb.js';
import { OperationSchema } from '@berth/proto/api/v1/operations_pb.js';
import { createClient } from '@connectrpc/connect';
import { Command, Option } from 'commander';
import { clientOf, connect } from '../client.ts';
import { CliError } from '../explain.ts';
import { roleText } from '../holder.ts';
import { formatOf, printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { httpOption, maskOf, portOption, type ServiceOption, wholeNumber } from '../parse.ts';
import { waitFor } from '../wait.ts';
import { loginsCommand } from './container-logins.ts';
import { memberCommands } from './container-members.ts';
import { stateLines } from './service-text.ts';

const LIMITS = { cores: 'cores', memoryMib: 'memory_mib', description: 'description' };

interface CreateOptions {
  site: string;
  template: string;
  node?: string;
  cores?: number;
  memoryMib?: number;
  diskGib?: number;
  description?: string;
  http?: ServiceOption[];
  tcp?: ServiceOption[];
  udp?: ServiceOption[];
  idempotencyKey?: string;
  wait?: boolean;
}

/** `berth container …`. */
export function containerCommand(): Command {
  const container = new Command('container').description('Containers');
  addCreate(container);
  addReading(container);
  addChanging(container);
  container.addCommand(loginsCommand());
  for (const command of memberCommands()) container.addCommand(command);
  return container;
}

function addCreate(container: Command): void {
  container
    .command('create')
    .argument('<hostname>')
    .description('Ask for a container')
    .requiredOption('--site <site>', 'site to make it in')
    .requiredOption('--template <name>', 'template volume or its bare name, e.g. debian-12')
    .option('--node <id>', 'node to place it on')
    .option('--cores <n>', 'cores', wholeNumber)
    .option('--memory-mib <n>', 'memory in MiB', wholeNumber)
    .option('--disk-gib <n>', 'root disk in GiB', wholeNumber)
    .option('--description <text>', 'what it is for')
    .option('--http <port:host>', 'serve a port by name over HTTPS (repeatable)', httpOption)
    .option('--tcp <port>', 'serve a TCP port, PORT or PORT:EXTERNAL (repeatable)', portOption('tcp'))
    .option('--udp <port>', 'serve a UDP port, PORT or PORT:EXTERNAL (repeatable)', portOption('udp'))
    .option('--idempotency-key <key>', 'repeat safely: the same key gives the same container')
    .option('--wait', 'show progress until it runs')
    .addHelpText(
      'after',
      `
Examples:
  berth container create web1 --site lab --template debian-12 --http 80:web1.apps.lab --tcp 22 --wait -o json
  berth container create db1 --site lab --template debian-12 --tcp 5432:2500 --memory-mib 8192`,
    )
    .action(create);
}

async function create(hostname: string, options: CreateOptions, command: Command): Promise<void> {
  const { http = [], tcp = [], udp = [], wait, idempotencyKey, ...fields } = options;
  const transport = connect(command);
  const client = createClient(ContainersService, transport);
  const answer = await client.createContainer({
    container: { ...fields, hostname, services: [...http, ...tcp, ...udp] },
    idempotencyKey: idempotencyKey ?? randomUUID(),
  });
  if (!wait || !answer.operation || !answer.container) return show(command, answer.container);
  await waitFor(transport, answer.operation.id);
  show(command, (await client.getContainer({ container: answer.container.id })).container);
}

interface ListOptions {
  site?: string;
  owned?: boolean;
  shared?: boolean;
}

function selectionOf({ owned, shared }: ListOptions): ContainerSelection {
  if (owned) return ContainerSelection.OWNED;
  return shared ? ContainerSelection.SHARED : ContainerSelection.UNSPECIFIED;
}

function addReading(container: Command): void {
  container
    .command('list')
    .option('--site <site>', 'only of this site')
    .addOption(new Option('--owned', 'only those you own').conflicts('shared'))
    .option('--shared', 'only those that others share with you')
    .description('List the containers you may see')
    .action(async (options: ListOptions, command: Command) => {
      const client = clientOf(ContainersService, command);
      const selection = selectionOf(options);
      const containers = await allPages(async (pageToken) => {
        const page = await client.listContainers({ site: options.site ?? '', selection, pageSize: 200, pageToken });
        return { items: page.containers, next: page.nextPageToken };
      });
      printList(command, ContainerSchema, containers, [
        { title: 'HOSTNAME', value: (c) => c.hostname },
        { title: 'STATE', value: stateOf },
        { title: 'ADDRESS', value: (c) => c.address },
        { title: 'OWNER', value: (c) => c.owner },
        { title: 'YOU ARE', value: (c) => roleText(c.myRole) },
        { title: 'SERVICES', value: (c) => c.services.map((s) => s.url).join(' ') },
        { title: 'ID', value: (c) => c.id },
      ]);
    });
  container
    .command('get')
    .argument('<container>', 'identifier or site/hostname')
    .description('Show a container')
    .action(async (name: string, _options, command: Command) => {
      show(command, (await clientOf(ContainersService, command).getContainer({ container: name })).container);
    });
  container
    .command('watch')
    .argument('<container>', 'identifier or site/hostname')
    .description('Print a container as it changes, until it is gone or you interrupt')
    .action(async (name: string, _options, command: Command) => {
      for await (const news of clientOf(ContainersService, command).watchContainer({ container: name })) {
        if (news.deleted) break;
        if (!news.container) continue;
        if (formatOf(command) !== 'table') show(command, news.container);
        else
          process.stdout.write(
            `${news.container.hostname}\t${stateOf(news.container)}\t${news.container.guestState?.summary ?? ''}\n`,
          );
      }
    });
}

function addChanging(container: Command): void {
  waiting(container.command('update').argument('<container>', 'identifier or site/hostname'))
    .description('Change what is named, and nothing else')
    .option('--cores <n>', 'cores', wholeNumber)
    .option('--memory-mib <n>', 'memory in MiB', wholeNumber)
    .option('--description <text>', 'what it is for')
    .addHelpText('after', '\nExample:\n  berth container update lab/web1 --memory-mib 8192 --wait')
    .action(async (name: string, options: { wait?: boolean } & Record<string, unknown>, command: Command) => {
      const { wait, ...fields } = options;
      const transport = connect(command);
      const client = createClient(ContainersService, transport);
      const { container: found } = await client.getContainer({ container: name });
      const updateMask = { paths: maskOf(fields, LIMITS) };
      const answer = await client.updateContainer({ container: { ...fields, id: found?.id ?? '' }, updateMask });
      if (wait && answer.operation) await waitFor(transport, answer.operation.id);
      show(command, answer.container);
    });
  const verbs = [
    ['delete', 'Take the container, its address, name and routes away'],
    ['start', 'Start it'],
    ['stop', 'Stop it'],
  ] as const;
  for (const [verb, description] of verbs) {
    const command = waiting(container.command(verb).argument('<container>', 'identifier or site/hostname'));
    if (verb === 'stop') command.option('--force', 'stop at once instead of asking its init');
    command.description(description).action((name, options, self) => act(verb, name, options, self));
  }
}

function waiting(command: Command): Command {
  return command.option('--wait', 'show progress until it is done');
}

async function act(
  verb: 'delete' | 'start' | 'stop',
  name: string,
  options: { wait?: boolean; force?: boolean },
  command: Command,
): Promise<void> {
  const transport = connect(command);
  const client = createClient(ContainersService, transport);
  const request = { container: name };
  const answers = {
    delete: () => client.deleteContainer(request),
    start: () => client.startContainer(request),
    stop: () => client.stopContainer({ ...request, force: options.force ?? false }),
  };
  const { operation } = await answers[verb]();
  if (!operation) throw new CliError('the server sent no operation.');
  showOperation(command, options.wait ? await waitFor(transport, operation.id) : operation);
}

function stateOf(container: Container): string {
  return (ContainerState[container.state] ?? 'unknown').toLowerCase();
}

function showOperation(command: Command, operation: Operation): void {
  printMessage(command, OperationSchema, operation, [['Operation', `${operation.kind} ${operation.id}`]]);
}

function show(command: Command, container: Container | undefined): void {
  if (!container) throw new CliError('the server sent no container.');
  const parts: [string, string | undefined][] = [
    ['Address', container.addressState?.summary],
    ['Name', container.nameState?.summary],
    ['Routes', container.routesState?.summary],
    ['Guest', container.guestState?.summary],
  ];
  printMessage(command, ContainerSchema, container, [
    ['Container', `${container.hostname} (${container.id})`],
    ['State', stateOf(container)],
    ['Owner', container.owner],
    ['You are', roleText(container.myRole)],
    ['Address', `${container.address} (${container.fqdn}, ${container.mac})`],
    ['Limits', `${container.cores} cores, ${container.memoryMib} MiB, ${container.diskGib} GiB`],
    ...container.services.flatMap((s): [string, string | number | bigint][] => [
      ['Service', `${s.url} → port ${s.internalPort}`],
      ...stateLines({ ...s, conditions: [] }).map(([label, value]): [string, string] => [`  ${label}`, String(value)]),
    ]),
    ...parts.flatMap(([label, text]): [string, string][] => (text ? [[`${label} state`, text]] : [])),
    ...container.conditions.map((c): [string, string] => [c.kind, `${c.subject}: ${c.message}`]),
  ]);
}
