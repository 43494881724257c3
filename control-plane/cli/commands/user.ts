import { type Person, PersonSchema, UserStatus, UsersService } from '@berth/proto/api/v1/people_pb.js';
import { HandedLinkSchema } from '@berth/proto/api/v1/sign_up_pb.js';
import { Command, Option } from 'commander';
import { passwordOf } from '../ask.ts';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { collect, maskOf } from '../parse.ts';
import { timeText } from '../times.ts';
import { inviteCommand } from './invitation.ts';

const STATUSES = { pending: UserStatus.PENDING, active: UserStatus.ACTIVE, suspended: UserStatus.SUSPENDED };
const FIELDS = { displayName: 'display_name', email: 'email', shell: 'shell' };

interface UserOptions {
  displayName?: string;
  email?: string;
  shell?: string;
  group?: string[];
  password?: boolean;
  passwordStdin?: boolean;
}

/** `berth user …`. */
export function userCommand(): Command {
  const user = new Command('user').description('People: who may sign in, and log in where they are members');
  addCreate(user);
  user.addCommand(inviteCommand());
  addList(user);
  user
    .command('get')
    .argument('<user>', 'login name or identifier')
    .description('Show a person')
    .action(async (name: string, _options, command: Command) => {
      showPerson(command, (await clientOf(UsersService, command).getUser({ user: name })).user);
    });
  withFields(user.command('update').argument('<user>', 'login name or identifier'))
    .description('Change what is named, and nothing else')
    .addHelpText('after', '\nExample:\n  berth user update ada --email ada@example.org --shell /bin/zsh')
    .action(async (name: string, options: UserOptions, command: Command) => {
      const { displayName = '', email = '', shell = '' } = options;
      const client = clientOf(UsersService, command);
      const { user: known } = await client.getUser({ user: name });
      const paths = maskOf({ ...options }, FIELDS);
      const request = { user: { id: known?.id ?? '', displayName, email, shell }, updateMask: { paths } };
      showPerson(command, (await client.updateUser(request)).user);
    });
  addStatus(user, 'approve', UserStatus.ACTIVE, 'Let somebody in who has registered');
  addStatus(user, 'suspend', UserStatus.SUSPENDED, 'Let somebody do nothing any more; sessions and tokens end at once');
  addStatus(user, 'reinstate', UserStatus.ACTIVE, 'Let somebody in again who was suspended');
  addPassword(user);
  user
    .command('reset-link')
    .argument('<user>', 'login name or identifier')
    .description('Make a link to hand over, by which somebody sets a new password; it works once, for an hour')
    .action(async (name: string, _options, command: Command) => {
      const { link } = await clientOf(UsersService, command).createPasswordResetLink({ user: name });
      if (!link) throw new CliError('the server sent no link.');
      printMessage(command, HandedLinkSchema, link, [
        ['Link', link.url],
        ['Works until', timeText(link.expiresAt)],
      ]);
    });
  user
    .command('delete')
    .argument('<user>', 'login name or identifier')
    .description('Remove a person who owns no container')
    .action(async (name: string, _options, command: Command) => {
      await clientOf(UsersService, command).deleteUser({ user: name });
    });
  return user;
}

function addCreate(user: Command): void {
  withFields(user.command('create').argument('<name>', 'login name'))
    .description('Make a person; the first password is asked for')
    .option('--group <group>', 'group to put the person into (repeatable)', collect)
    .option('--no-password', 'without a password')
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText(
      'after',
      `
Examples:
  berth user create ada --display-name "Ada Lovelace" --email ada@example.org
  printf %s "$FIRST_PASSWORD" | berth user create grace --group sysadmins --password-stdin`,
    )
    .action(async (username: string, options: UserOptions, command: Command) => {
      const { displayName = '', email = '', shell = '', group: groups = [] } = options;
      const password = options.password === false ? '' : await passwordOf(options, `First password of ${username}: `);
      const request = { user: { username, displayName, email, shell }, password, groups };
      showPerson(command, (await clientOf(UsersService, command).createUser(request)).user);
    });
}

function addList(user: Command): void {
  user
    .command('list')
    .option('--query <text>', 'only those whose login name, name or address contains this', '')
    .addOption(new Option('--status <status>', 'only those of this status').choices(Object.keys(STATUSES)))
    .description('List people')
    .addHelpText('after', '\nExample:\n  berth user list --status pending')
    .action(async ({ query, status }: { query: string; status?: keyof typeof STATUSES }, command: Command) => {
      const client = clientOf(UsersService, command);
      const narrowed = { query, status: status ? STATUSES[status] : UserStatus.UNSPECIFIED, pageSize: 200 };
      const people = await allPages(async (pageToken) => {
        const page = await client.listUsers({ ...narrowed, pageToken });
        return { items: page.users, next: page.nextPageToken };
      });
      printList(command, PersonSchema, people, [
        { title: 'LOGIN NAME', value: (p) => p.username },
        { title: 'NAME', value: (p) => p.displayName },
        { title: 'NUMBER', value: (p) => p.uidNumber },
        { title: 'STATUS', value: statusText },
        { title: 'GROUPS', value: (p) => p.groups.join(',') },
        { title: 'LAST SIGNED IN', value: (p) => timeText(p.lastSignInAt) || 'never' },
      ]);
    });
}

function addStatus(user: Command, name: string, status: UserStatus, description: string): void {
  user
    .command(name)
    .argument('<user>', 'login name or identifier')
    .description(description)
    .action(async (reference: string, _options, command: Command) => {
      const client = clientOf(UsersService, command);
      const { user: known } = await client.getUser({ user: reference });
      const request = { user: { id: known?.id ?? '', status }, updateMask: { paths: ['status'] } };
      showPerson(command, (await client.updateUser(request)).user);
    });
}

function addPassword(user: Command): void {
  user
    .command('set-password')
    .argument('<user>', 'login name or identifier')
    .option('--clear', 'take the password away')
    .option('--password-stdin', 'read the password from standard input')
    .description("Give somebody another password and end that person's sessions")
    .action(async (name: string, options: { clear?: boolean; passwordStdin?: boolean }, command: Command) => {
      const password = options.clear ? '' : await passwordOf(options, `New password of ${name}: `);
      if (!options.clear && password === '') throw new CliError('the password is empty; to take it away give --clear.');
      await clientOf(UsersService, command).setUserPassword({ user: name, password });
    });
}

function withFields(command: Command): Command {
  return command
    .option('--display-name <name>', 'name as others see it')
    .option('--email <address>', 'address for mail')
    .option('--shell <path>', 'shell in containers');
}

function statusText({ status, administrator }: Person): string {
  return `${(UserStatus[status] ?? '').toLowerCase()}${administrator ? ', administrator' : ''}`;
}

/** Prints a person. */
export function showPerson(command: Command, person: Person | undefined): void {
  if (!person) throw new CliError('the server sent no person.');
  printMessage(command, PersonSchema, person, [
    ['Person', `${person.username} (${person.id})`],
    ['Name', person.displayName],
    ['Number', person.uidNumber],
    ['Status', statusText(person)],
    ['Address', person.email ? `${person.email}${person.emailVerified ? '' : ' (not confirmed)'}` : 'none'],
    ['Groups', person.groups.join(', ') || 'none but ldapusers'],
    ['Shell', person.shell],
    ['Password', person.hasPassword ? `set ${timeText(person.passwordChangedAt)}`.trim() : 'none'],
    ['SSH keys', person.keyCount],
    ['Containers', person.ownedContainers],
    ['Last signed in', timeText(person.lastSignInAt) || 'never'],
  ]);
}
