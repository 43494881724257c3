import { readFileSync } from 'node:fs';
import { type Node, NodeSchema, NodesService } from '@berth/proto/api/v1/nodes_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { maskOf } from '../parse.ts';

const FIELDS = {
  apiUrl: 'api_url',
  tokenId: 'token_id',
  tokenSecret: 'token_secret',
  caPem: 'ca_pem',
  fingerprint: 'fingerprint',
  cluster: 'cluster',
  imageStorage: 'image_storage',
  volumeStorage: 'volume_storage',
  bridge: 'bridge',
  agent: 'agent',
  schedulable: 'schedulable',
};

type NodeOptions = Partial<Pick<Node, keyof typeof FIELDS>> & { tokenSecretFile?: string; caFile?: string };

/** `berth node …`. */
export function nodeCommand(): Command {
  const node = new Command('node').description('Proxmox VE hosts');
  withFields(node.command('create').argument('<name>').requiredOption('--site <site>', 'its site'))
    .description('Add a Proxmox node')
    .addHelpText(
      'after',
      `
Example:
  berth node create pve1 --site lab --api-url https://10.65.0.2:8006 --token-id berth@pve!agent \\
    --token-secret-file secret.txt --ca-file pve-root-ca.pem`,
    )
    .action(async (name: string, options: NodeOptions & { site: string }, command: Command) => {
      const fields = resolve(options);
      const answer = await clientOf(NodesService, command).createNode({
        node: { schedulable: true, ...fields, name, site: options.site },
      });
      show(command, answer.node);
    });
  node
    .command('list')
    .option('--site <site>', 'only of this site')
    .description('List the nodes')
    .action(async (options: { site?: string }, command: Command) => {
      const client = clientOf(NodesService, command);
      const nodes = await allPages(async (pageToken) => {
        const page = await client.listNodes({ site: options.site ?? '', pageSize: 200, pageToken });
        return { items: page.nodes, next: page.nextPageToken };
      });
      printList(command, NodeSchema, nodes, [
        { title: 'NAME', value: (n) => n.name },
        { title: 'API', value: (n) => n.apiUrl },
        { title: 'CONTAINERS', value: (n) => n.containerCount },
        { title: 'SCHEDULABLE', value: (n) => (n.schedulable ? 'yes' : 'no') },
        { title: 'ID', value: (n) => n.id },
      ]);
    });
  node
    .command('get')
    .argument('<node>', 'identifier or site/name')
    .description('Show a node')
    .action(async (name: string, _options, command: Command) => {
      show(command, (await clientOf(NodesService, command).getNode({ node: name })).node);
    });
  withFields(node.command('update').argument('<node>', 'identifier or site/name'))
    .description('Change what is named, and nothing else')
    .action(async (name: string, options: NodeOptions, command: Command) => {
      const client = clientOf(NodesService, command);
      const fields = resolve(options);
      const { node: found } = await client.getNode({ node: name });
      const updateMask = { paths: maskOf(fields, FIELDS) };
      show(command, (await client.updateNode({ node: { ...fields, id: found?.id ?? '' }, updateMask })).node);
    });
  node
    .command('delete')
    .argument('<node>', 'identifier or site/name')
    .description('Remove a node that has no containers; nothing on the host is touched')
    .action(async (name: string, _options, command: Command) => {
      await clientOf(NodesService, command).deleteNode({ node: name });
    });
  return node;
}

function withFields(command: Command): Command {
  return command
    .option('--api-url <url>', 'base URL of its API')
    .option('--token-id <id>', 'API token, user@realm!name')
    .option('--token-secret-file <file>', 'file with the token secret (kept out of the process list)')
    .option('--ca-file <file>', 'PEM of the authority that signed its certificate')
    .option('--fingerprint <sha256>', 'SHA-256 of its certificate')
    .option('--cluster <name>', 'name of its PVE cluster')
    .option('--image-storage <name>', 'storage with templates (local)')
    .option('--volume-storage <name>', 'storage for disks (local-lvm)')
    .option('--bridge <name>', 'bridge of the containers (vmbr0)')
    .option('--agent <id>', 'the proxmox agent in charge')
    .option('--schedulable', 'place new containers here')
    .option('--no-schedulable', 'place no new containers here');
}

function resolve(options: NodeOptions): Partial<Pick<Node, keyof typeof FIELDS>> {
  const { tokenSecretFile, caFile, ...fields } = options;
  const read = (file: string) => readFileSync(file, 'utf8');
  return {
    ...fields,
    ...(tokenSecretFile ? { tokenSecret: read(tokenSecretFile).trim() } : {}),
    ...(caFile ? { caPem: read(caFile) } : {}),
  };
}

function show(command: Command, node: Node | undefined): void {
  if (!node) throw new CliError('the server sent no node.');
  printMessage(command, NodeSchema, node, [
    ['Node', `${node.name} (${node.id})`],
    ['API', node.apiUrl],
    ['Token', node.tokenId],
    ['Storage', `templates ${node.imageStorage}, disks ${node.volumeStorage}`],
    ['Bridge', node.bridge],
    ['Containers', node.containerCount],
    ['Schedulable', node.schedulable ? 'yes' : 'no'],
    ...node.conditions.map((c): [string, string] => [c.kind, `${c.subject}: ${c.message}`]),
  ]);
}
