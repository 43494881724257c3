import { readFileSync } from 'node:fs';
import { AccountService, type SshKey, SshKeySchema } from '@berth/proto/api/v1/account_pb.js';
import { Command } from 'commander';
import { ask, passwordOf } from '../ask.ts';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { maskOf } from '../parse.ts';
import { timeText } from '../times.ts';
import { showPerson } from './user.ts';

/** `berth profile …`, `berth key …` and `berth password`: one's own account. */
export function accountCommands(): Command[] {
  return [profileCommand(), keyCommand(), passwordCommand()];
}

const FIELDS = { displayName: 'display_name', email: 'email', shell: 'shell' };

interface ProfileOptions {
  displayName?: string;
  email?: string;
  shell?: string;
  passwordStdin?: boolean;
}

function profileCommand(): Command {
  const profile = new Command('profile').description('What others and containers know of you');
  profile
    .command('get')
    .description('Show it')
    .action(async (_options, command: Command) => {
      showPerson(command, (await clientOf(AccountService, command).getProfile({})).user);
    });
  profile
    .command('update')
    .description('Change what is named, and nothing else; another address wants your password')
    .option('--display-name <name>', 'name as others see it')
    .option('--email <address>', 'address for mail')
    .option('--shell <path>', 'shell in containers')
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText('after', '\nExample:\n  berth profile update --display-name "Ada Lovelace" --shell /bin/zsh')
    .action(async (options: ProfileOptions, command: Command) => {
      const { displayName = '', email = '', shell = '' } = options;
      const currentPassword = options.email === undefined ? '' : await passwordOf(options, 'Password: ');
      const request = { user: { displayName, email, shell }, updateMask: { paths: maskOf({ ...options }, FIELDS) } };
      const answer = await clientOf(AccountService, command).updateProfile({ ...request, currentPassword });
      if (answer.verificationSent) process.stderr.write('A link went to the new address; follow it to confirm it.\n');
      showPerson(command, answer.user);
    });
  profile
    .command('confirm-address')
    .description('Get a mail with a link by which you show that your address is yours')
    .action(async (_options, command: Command) => {
      await clientOf(AccountService, command).sendEmailVerification({});
    });
  return profile;
}

function keyCommand(): Command {
  const key = new Command('key').description('SSH keys, which open every container their person may log in to');
  key
    .command('add')
    .argument('<file>', 'file with the public key, e.g. ~/.ssh/id_ed25519.pub; "-" for standard input')
    .option('--name <name>', 'to know it again; without, the comment of the key')
    .option('--user <user>', "somebody else's, for administrators")
    .description('Add a key')
    .addHelpText('after', '\nExample:\n  berth key add ~/.ssh/id_ed25519.pub --name laptop')
    .action(async (file: string, { name = '', user = '' }: { name?: string; user?: string }, command: Command) => {
      const key = { name, publicKey: readKey(file) };
      show(command, (await clientOf(AccountService, command).addSshKey({ user, key })).key);
    });
  key
    .command('list')
    .option('--user <user>', "somebody else's, for administrators")
    .description('List keys')
    .action(async ({ user = '' }: { user?: string }, command: Command) => {
      const { keys } = await clientOf(AccountService, command).listSshKeys({ user });
      printList(command, SshKeySchema, keys, [
        { title: 'NAME', value: (k) => k.name },
        { title: 'TYPE', value: (k) => k.keyType },
        { title: 'FINGERPRINT', value: (k) => k.fingerprint },
        { title: 'ADDED', value: (k) => timeText(k.createdAt) },
        { title: 'ID', value: (k) => k.id },
      ]);
    });
  key
    .command('delete')
    .argument('<key>', 'identifier')
    .description('Remove a key; it opens nothing from the next login on')
    .action(async (id: string, _options, command: Command) => {
      await clientOf(AccountService, command).deleteSshKey({ key: id });
    });
  return key;
}

function readKey(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function passwordCommand(): Command {
  return new Command('password')
    .description('Change your password, for the pages and for logins, and end your other sessions')
    .option('--stdin', 'read the present and the new password from standard input, each on a line')
    .action(async (options: { stdin?: boolean }, command: Command) => {
      const [currentPassword = '', newPassword = ''] = options.stdin
        ? readFileSync(0, 'utf8').split(/\r?\n/)
        : [await ask('Present password: ', true), await ask('New password: ', true)];
      await clientOf(AccountService, command).changePassword({ currentPassword, newPassword });
      process.stderr.write('The new password holds from now on; your other sessions have ended.\n');
    });
}

function show(command: Command, key: SshKey | undefined): void {
  if (!key) throw new CliError('the server sent no key.');
  printMessage(command, SshKeySchema, key, [
    ['Key', `${key.name} (${key.id})`],
    ['Type', key.keyType],
    ['Fingerprint', key.fingerprint],
  ]);
}
