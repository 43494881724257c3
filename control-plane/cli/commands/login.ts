import { readFileSync } from 'node:fs';
import { AuthService, UserSchema } from '@berth/proto/api/v1/auth_pb.js';
import { createClient } from '@connectrpc/connect';
import { Command } from 'commander';
import { ask, passwordOf } from '../ask.ts';
import { clientOf, saveLogin, transportTo } from '../client.ts';
import { CliError } from '../explain.ts';
import { printMessage } from '../output.ts';

/** `berth login`, `berth logout`, `berth whoami`. */
export function loginCommands(): Command[] {
  const login = new Command('login')
    .description('Sign in and remember the server')
    .argument('<url>', 'address of the control plane, e.g. https://berth.example:8443')
    .option('--username <name>', 'login name (asked for when absent)')
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText('after', '\nExample:\n  berth login https://berth.example:8443 --ca ca.pem --username ada')
    .action(signIn);
  const logout = new Command('logout').description('End the session').action(async (_options, command: Command) => {
    await clientOf(AuthService, command).signOut({});
  });
  const whoami = new Command('whoami').description('Show who you are').action(async (_options, command: Command) => {
    const { user } = await clientOf(AuthService, command).whoAmI({});
    if (!user) throw new CliError('the server did not say who you are.');
    printMessage(command, UserSchema, user, [
      ['User', user.username],
      ['Administrator', user.administrator ? 'yes' : 'no'],
    ]);
  });
  return [login, logout, whoami];
}

async function signIn(
  url: string,
  options: { username?: string; passwordStdin?: boolean },
  command: Command,
): Promise<void> {
  const caFile = command.optsWithGlobals<{ ca?: string }>().ca;
  const ca = caFile ? readFileSync(caFile, 'utf8') : undefined;
  const username = options.username ?? (await ask('Login name: ', false));
  const password = await passwordOf(options, 'Password: ');
  const { token, user } = await createClient(AuthService, transportTo(url, { ca })).signIn({ username, password });
  saveLogin({ url, token, ...(ca ? { ca } : {}) });
  process.stderr.write(`Signed in as ${user?.username} at ${url}.\n`);
}
