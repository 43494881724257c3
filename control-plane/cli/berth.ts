/**
 * The `berth` command: a client of the API like any other. It finds the server by BERTH_URL, BERTH_TOKEN and
 * BERTH_CA, or by what `berth login` saved. Exit codes: 0 done, 1 failed or refused, 2 wrong use.
 */
import { Command, CommanderError, Option } from 'commander';
import { VERSION } from '../version.ts';
import { accessCommand } from './commands/access.ts';
import { accountCommands } from './commands/account.ts';
import { acmeAccountCommand } from './commands/acme-account.ts';
import { agentCommand } from './commands/agent.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { certificateCommand } from './commands/certificate.ts';
import { containerCommand } from './commands/container.ts';
import { databaseCommand } from './commands/database.ts';
import { dnsProviderCommand } from './commands/dns-provider.ts';
import { dnsRecordCommand } from './commands/dns-record.ts';
import { doctorCommand } from './commands/doctor.ts';
import { domainCommand } from './commands/domain.ts';
import { groupCommand } from './commands/group.ts';
import { invitationCommand } from './commands/invitation.ts';
import { ldapCommand } from './commands/ldap.ts';
import { loginCommands } from './commands/login.ts';
import { nodeCommand } from './commands/node.ts';
import { operationCommand } from './commands/operation.ts';
import { providerCommand } from './commands/provider.ts';
import { restoreCommand } from './commands/restore.ts';
import { serviceCommand } from './commands/service.ts';
import { sessionCommands } from './commands/session.ts';
import { settingsCommand } from './commands/settings.ts';
import { setupCommand } from './commands/setup.ts';
import { siteCommand } from './commands/site.ts';
import { tokenCommand } from './commands/token.ts';
import { userCommand } from './commands/user.ts';
import { explain } from './explain.ts';

/** Builds the whole command line; apart from `main` so that its help can be tested. */
export function buildProgram(): Command {
  const program = new Command('berth')
    .description('Containers with an address, a name, a route and logins, on your own Proxmox cluster.')
    .version(VERSION)
    .addOption(
      new Option('-o, --output <format>', 'how answers are printed')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addOption(new Option('--url <url>', 'address of the control plane').env('BERTH_URL'))
    .addOption(new Option('--ca <file>', 'PEM file of the authority that signed its certificate').env('BERTH_CA'))
    .showHelpAfterError('(add --help for the options)')
    .addHelpText(
      'after',
      `
Environment: BERTH_URL, BERTH_TOKEN, BERTH_CA; else what "berth login" saved.

Examples:
  berth login https://berth.example:8443
  berth container create web1 --site lab --template debian-12 --http 80:web1.apps.lab --tcp 22 --wait
  berth container list -o json
  berth container delete lab/web1 --wait`,
    );
  const commands = [
    ...loginCommands(),
    ...accountCommands(),
    ...sessionCommands(),
    tokenCommand(),
    userCommand(),
    invitationCommand(),
    settingsCommand(),
    groupCommand(),
    siteCommand(),
    nodeCommand(),
    dnsProviderCommand(),
    dnsRecordCommand(),
    agentCommand(),
    containerCommand(),
    serviceCommand(),
    domainCommand(),
    certificateCommand(),
    acmeAccountCommand(),
    operationCommand(),
    accessCommand(),
    auditCommand(),
    ldapCommand(),
    setupCommand(),
    doctorCommand(),
    providerCommand(),
    backupCommand(),
    restoreCommand(),
    databaseCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  inheritOutput(program);
  return program;
}

// Lets -o stand after the sub-command too, where people type it.
function inheritOutput(program: Command): void {
  const walk = (command: Command) => {
    command.exitOverride();
    for (const child of command.commands) {
      if (child.commands.length === 0) {
        child.addOption(
          new Option('-o, --output <format>', 'how the answer is printed').choices(['table', 'json', 'yaml']),
        );
      }
      walk(child);
    }
  };
  walk(program);
}

async function main(): Promise<void> {
  process.stdout.on('error', endWithReader);
  try {
    await buildProgram().parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

/** Whoever reads the output may have seen enough, as `head` has. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

if (import.meta.main) await main();
