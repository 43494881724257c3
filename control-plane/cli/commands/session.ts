import { SecurityService, type Session, SessionSchema } from '@berth/proto/api/v1/security_pb.js';
import { Command, Option } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList } from '../output.ts';
import { timeText } from '../times.ts';

/** `berth session …` and `berth second-factor …`. */
export function sessionCommands(): Command[] {
  const session = new Command('session').description('Where you are signed in');
  session
    .command('list')
    .option('--user <user>', "somebody else's, for administrators")
    .description('List sessions, last used first')
    .action(list);
  session
    .command('end')
    .argument('[session]', 'identifier of one of your own')
    .addOption(new Option('--others', 'all your own but the present one').conflicts('user'))
    .option('--user <user>', "all of somebody else's, for administrators")
    .description('End sessions: they work nowhere from now on')
    .action(end);
  const factor = new Command('second-factor').description('What people prove themselves with besides a password');
  factor
    .command('reset')
    .argument('<user>', 'login name or identifier')
    .description('Remove the second factors of somebody who has lost them, for administrators')
    .action(async (user: string, _options, command: Command) => {
      await clientOf(SecurityService, command).resetSecondFactors({ user });
    });
  return [session, factor];
}

async function list({ user }: { user?: string }, command: Command): Promise<void> {
  const client = clientOf(SecurityService, command);
  const { sessions } = user ? await client.getUserSecurity({ user }) : await client.listOwnSessions({});
  printList(command, SessionSchema, sessions, [
    { title: 'FROM', value: (s: Session) => `${s.address || 'unknown'}${s.current ? ' (this one)' : ''}` },
    { title: 'OPENED', value: (s) => timeText(s.createdAt) },
    { title: 'LAST USED', value: (s) => timeText(s.lastUsedAt) },
    { title: 'SECOND FACTOR', value: (s) => (s.secondFactor ? 'yes' : 'no') },
    { title: 'WITH', value: (s) => s.userAgent },
    { title: 'ID', value: (s) => s.id },
  ]);
}

async function end(
  session: string | undefined,
  { others, user }: { others?: boolean; user?: string },
  command: Command,
): Promise<void> {
  const client = clientOf(SecurityService, command);
  if ([session, others, user].filter(Boolean).length !== 1) {
    throw new CliError('say which: a session, --others, or --user.');
  }
  if (session) {
    await client.endOwnSession({ session });
    return;
  }
  const { ended } = user ? await client.endUserSessions({ user }) : await client.endOtherSessions({});
  process.stderr.write(`${ended} ended.\n`);
}
