import { readFileSync } from 'node:fs';
import { AuthService, SecondFactor, type SecondFactorChallenge, UserSchema } from '@berth/proto/api/v1/auth_pb.js';
import { type Client, createClient } from '@connectrpc/connect';
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
    .option('--code <code>', 'one-time or recovery code, where you have a second factor (asked for when absent)')
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

/** Passkeys want a browser, so here it is a code that completes a sign-in. */
async function secondStep(client: Client<typeof AuthService>, asked: SecondFactorChallenge, given?: string) {
  if (asked.factors.every((factor) => factor === SecondFactor.PASSKEY)) {
    throw new CliError('your second factor is a passkey, which wants a browser: make an API token there instead.');
  }
  const code = given ?? (await ask('Code from your authenticator program, or a recovery code: ', false));
  return client.completeSignIn({ pendingToken: asked.pendingToken, code });
}

async function signIn(
  url: string,
  options: { username?: string; code?: string; passwordStdin?: boolean },
  command: Command,
): Promise<void> {
  const caFile = command.optsWithGlobals<{ ca?: string }>().ca;
  const ca = caFile ? readFileSync(caFile, 'utf8') : undefined;
  const username = options.username ?? (await ask('Login name: ', false));
  const password = await passwordOf(options, 'Password: ');
  const client = createClient(AuthService, transportTo(url, { ca }));
  const answer = await client.signIn({ username, password });
  const { token, user } = answer.secondFactor ? await secondStep(client, answer.secondFactor, options.code) : answer;
  saveLogin({ url, token, ...(ca ? { ca } : {}) });
  process.stderr.write(`Signed in as ${user?.username} at ${url}.\n`);
}
