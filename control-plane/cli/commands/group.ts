import {
  type Group,
  type GroupMember,
  GroupMemberSchema,
  GroupSchema,
  GroupsService,
} from '@berth/proto/api/v1/groups_pb.js';
import { Command, Option } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { maskOf } from '../parse.ts';

const FIELDS = { name: 'name', description: 'description', administrator: 'administrator' };

interface GroupOptions {
  name?: string;
  description?: string;
  administrator?: boolean;
}

/** `berth group …`. */
export function groupCommand(): Command {
  const group = new Command('group').description('Groups of people, in containers and for the right to administer');
  group
    .command('create')
    .argument('<name>')
    .description('Make a group')
    .option('--description <text>', 'what it is for')
    .option('--administrator', 'its members administer Berth')
    .addHelpText('after', '\nExample:\n  berth group create crew --description "Whoever is on board"')
    .action(async (name: string, { description = '', administrator = false }: GroupOptions, command: Command) => {
      const request = { group: { name, description, administrator } };
      show(command, (await clientOf(GroupsService, command).createGroup(request)).group);
    });
  addReading(group);
  group
    .command('update')
    .argument('<group>', 'name or identifier')
    .description('Change what is named, and nothing else')
    .option('--name <name>', 'another name')
    .option('--description <text>', 'what it is for')
    .option('--administrator', 'its members administer Berth')
    .addOption(new Option('--no-administrator', 'they do not any more'))
    .addHelpText('after', '\nExample:\n  berth group update crew --administrator')
    .action(async (reference: string, options: GroupOptions, command: Command) => {
      const { name = '', description = '', administrator = false } = options;
      const client = clientOf(GroupsService, command);
      const { group: known } = await client.getGroup({ group: reference });
      const updateMask = { paths: maskOf({ ...options }, FIELDS) };
      const request = { group: { id: known?.id ?? '', name, description, administrator }, updateMask };
      show(command, (await client.updateGroup(request)).group);
    });
  group
    .command('delete')
    .argument('<group>', 'name or identifier')
    .description('Remove a group, and what its members have by it')
    .action(async (name: string, _options, command: Command) => {
      await clientOf(GroupsService, command).deleteGroup({ group: name });
    });
  addMembers(group);
  return group;
}

function addReading(group: Command): void {
  group
    .command('list')
    .description('List the groups')
    .action(async (_options, command: Command) => {
      const client = clientOf(GroupsService, command);
      const groups = await allPages(async (pageToken) => {
        const page = await client.listGroups({ pageSize: 200, pageToken });
        return { items: page.groups, next: page.nextPageToken };
      });
      printList(command, GroupSchema, groups, [
        { title: 'NAME', value: (g) => g.name },
        { title: 'NUMBER', value: (g) => g.gidNumber },
        { title: 'MEMBERS', value: (g) => g.memberCount },
        { title: 'ADMINISTERS', value: (g) => (g.administrator ? 'yes' : 'no') },
        { title: 'DESCRIPTION', value: (g) => g.description },
      ]);
    });
  group
    .command('get')
    .argument('<group>', 'name or identifier')
    .description('Show a group')
    .action(async (name: string, _options, command: Command) => {
      show(command, (await clientOf(GroupsService, command).getGroup({ group: name })).group);
    });
  group
    .command('members')
    .argument('<group>', 'name or identifier')
    .description('List who was put into a group')
    .action(async (name: string, _options, command: Command) => {
      const client = clientOf(GroupsService, command);
      const members = await allPages(async (pageToken) => {
        const page = await client.listGroupMembers({ group: name, pageSize: 200, pageToken });
        return { items: page.members, next: page.nextPageToken };
      });
      printList(command, GroupMemberSchema, members, [
        { title: 'KIND', value: (m: GroupMember) => (m.member.case === 'group' ? 'group' : 'person') },
        { title: 'NAME', value: (m) => m.member.value ?? '' },
        { title: 'DISPLAY NAME', value: (m) => m.displayName },
      ]);
    });
}

function addMembers(group: Command): void {
  const describe = (command: Command) =>
    command
      .argument('<group>', 'name or identifier')
      .option('--user <user>', 'login name or identifier of a person')
      .addOption(new Option('--group <member>', 'a group, with all its members').conflicts('user'));
  describe(group.command('add'))
    .description('Put a person or a group into a group')
    .addHelpText(
      'after',
      '\nExamples:\n  berth group add crew --user ada\n  berth group add sysadmins --group deputies',
    )
    .action(async (name: string, options: MemberOptions, command: Command) => {
      await clientOf(GroupsService, command).addGroupMember({ group: name, member: memberOf(options) });
    });
  describe(group.command('remove'))
    .description('Take a person or a group out of a group')
    .action(async (name: string, options: MemberOptions, command: Command) => {
      await clientOf(GroupsService, command).removeGroupMember({ group: name, member: memberOf(options) });
    });
}

interface MemberOptions {
  user?: string;
  group?: string;
}

function memberOf({ user, group }: MemberOptions) {
  if (user !== undefined) return { member: { case: 'user' as const, value: user } };
  if (group !== undefined) return { member: { case: 'group' as const, value: group } };
  throw new CliError('give --user or --group.');
}

function show(command: Command, group: Group | undefined): void {
  if (!group) throw new CliError('the server sent no group.');
  printMessage(command, GroupSchema, group, [
    ['Group', `${group.name} (${group.id})`],
    ['Number', group.gidNumber],
    ['Description', group.description],
    ['Administers', group.administrator ? 'yes' : 'no'],
    ['Members', group.builtIn && group.name === 'ldapusers' ? 'everybody who is active' : group.memberCount],
  ]);
}
