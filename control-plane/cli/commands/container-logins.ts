import {
  GuestLoginsSchema,
  GuestLoginsService,
  LoginService,
  type SetupCommand,
  SetupCommandSchema,
} from '@berth/proto/api/v1/guest_logins_pb.js';
import { Command, Option } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { formatOf, printMessage } from '../output.ts';
import { timeText } from '../times.ts';

const SERVICES = { sssd: LoginService.SSSD, nslcd: LoginService.NSLCD };

interface LoginsOptions {
  setup?: boolean;
  revoke?: boolean;
  with?: keyof typeof SERVICES;
}

/** `berth container logins`. */
export function loginsCommand(): Command {
  return new Command('logins')
    .argument('<container>', 'identifier or site/hostname')
    .description('Show how a container asks who may log in, or get a command that sets that up in it')
    .option('--setup', 'print a command to run in the container as root; it works once, for 15 minutes')
    .addOption(
      new Option(
        '--revoke',
        'make its secret worthless at once, and print a command that gives it a new one',
      ).conflicts('setup'),
    )
    .addOption(new Option('--with <service>', 'what is to answer inside').choices(Object.keys(SERVICES)))
    .addHelpText(
      'after',
      `
Examples:
  berth container logins lab/web1
  berth container logins lab/web1 --setup | ssh root@web1 sh`,
    )
    .action(logins);
}

async function logins(container: string, options: LoginsOptions, command: Command): Promise<void> {
  const client = clientOf(GuestLoginsService, command);
  const request = { container, loginService: options.with ? SERVICES[options.with] : LoginService.UNSPECIFIED };
  if (options.revoke) return showCommand(command, (await client.rotateBindSecret(request)).setup);
  if (options.setup) return showCommand(command, (await client.createSetupCommand(request)).setup);
  const { logins: found } = await client.getGuestLogins({ container });
  if (!found) throw new CliError('the server sent no answer.');
  printMessage(command, GuestLoginsSchema, found, [
    ['Directory', found.offered ? found.ldapUris.join(' ') : 'this installation offers none to containers'],
    ['Asks as', found.bindDn],
    ['Secret changed', timeText(found.secretChangedAt) || 'never'],
    ['Asked last', timeText(found.lastUsedAt) || 'never'],
  ]);
}

/** The command stands alone on standard output, so that it can be piped; what else there is to know goes beside it. */
function showCommand(command: Command, setup: SetupCommand | undefined): void {
  if (!setup) throw new CliError('the server sent no command.');
  if (formatOf(command) !== 'table') {
    printMessage(command, SetupCommandSchema, setup, []);
    return;
  }
  process.stderr.write(
    `Works once, until ${timeText(setup.expiresAt) || 'never'}; authority SHA-256 ${setup.caSha256}\n`,
  );
  process.stdout.write(`${setup.command}\n`);
}
