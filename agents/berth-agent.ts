import { Command, InvalidArgumentError } from 'commander';
import { ConfigError, DEFAULT_STATE_DIR, readConfig } from './config.ts';
import { EnrolError, enrol } from './enroll.ts';
import { isRoleName, ROLES, type RoleName } from './roles.ts';
import { runAgent } from './run.ts';
import { readStatus } from './status.ts';
import { VERSION } from './version.ts';

const CONFIG = '/etc/berth/agent.json';

/** Builds the command line; apart from `main` so that its manual can be made. */
export function buildProgram(): Command {
  const program = new Command('berth-agent')
    .description('Makes a host do what the Berth control plane wants of it.')
    .version(VERSION)
    .showHelpAfterError();

  program
    .command('enroll')
    .description('make this host an agent; the command with its token comes from the control plane')
    .requiredOption('--server <url>', 'base URL of the control plane, https')
    .requiredOption('--token <token>', 'single-use join token')
    .requiredOption('--ca-sha256 <hex>', "SHA-256 of the control plane's authority")
    .requiredOption('--roles <list>', `roles of this host, of ${Object.keys(ROLES).join(', ')}`, rolesOf)
    .option('--state-dir <dir>', 'where identity and state are kept', DEFAULT_STATE_DIR)
    .option('--name <name>', "name that administrators see, instead of the host's own")
    .addHelpText(
      'after',
      '\nExample:\n  berth-agent enroll --server https://berth.example:8443 --token TOKEN --ca-sha256 HEX --roles nginx,dnsmasq',
    )
    .action(async ({ server, token, caSha256, roles, stateDir, name }) => {
      const { agentId } = await enrol({ server, token, caSha256, roles, stateDir, name });
      process.stdout.write(`enrolled as ${agentId}\n`);
    });

  program
    .command('run')
    .description('run the agent until SIGTERM')
    .option('--config <file>', 'configuration file', CONFIG)
    .option('--state-dir <dir>', 'where identity and state are kept, instead of what the file says')
    .addHelpText('after', '\nExample:\n  berth-agent run --config /etc/berth/agent.json')
    .action(async ({ config: path, stateDir }) => {
      const config = await readConfig(path);
      await runAgent(stateDir === undefined ? config : { ...config, stateDir });
    });

  program
    .command('status')
    .description('print what the agent holds and runs, as JSON')
    .option('--state-dir <dir>', 'where identity and state are kept', DEFAULT_STATE_DIR)
    .addHelpText('after', '\nExample:\n  berth-agent status --state-dir /var/lib/berth-agent')
    .action(async ({ stateDir }) => {
      const status = await readStatus(stateDir);
      if (!status) throw new ConfigError(`${stateDir}: this host is not enrolled`);
      process.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
    });
  return program;
}

function rolesOf(list: string): RoleName[] {
  const words = list.split(',').map((word) => word.trim());
  const unknown = words.filter((word) => !isRoleName(word));
  if (unknown.length > 0) throw new InvalidArgumentError(`no such role: ${unknown.join(', ')}`);
  return words.filter(isRoleName);
}

/** Does what the command line says. */
export async function main(): Promise<void> {
  process.stdout.on('error', endWithReader);
  try {
    await buildProgram().parseAsync();
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof EnrolError)) throw error;
    process.stderr.write(`berth-agent: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Whoever reads the output may have seen enough, as `head` has. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

if (import.meta.main) await main();
