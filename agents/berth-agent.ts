import { exitCodeOf, findingsJson, findingsText } from '@berth/proto/contract/finding.ts';
import { Command, Option } from 'commander';
import { CONFIG_FILE, ConfigError, DEFAULT_STATE_DIR, readConfig } from './config.ts';
import { enrolCommand } from './enrol-command.ts';
import { EnrolError } from './enrol-error.ts';
import { runAgent } from './run.ts';
import { readStatus } from './status.ts';
import { VERSION } from './version.ts';

/** Builds the command line; apart from `main` so that its manual can be made. */
export function buildProgram(): Command {
  const program = new Command('berth-agent')
    .description('Makes a host do what the Berth control plane wants of it.')
    .version(VERSION)
    .showHelpAfterError();

  program.addCommand(enrolCommand());

  program
    .command('run')
    .description('run the agent until SIGTERM')
    .option('--config <file>', 'configuration file', CONFIG_FILE)
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

  program
    .command('doctor')
    .description('look at this host: enrolment, clock, link, programs, ports, answers, disk; exit code 1 with a fault')
    .option('--config <file>', 'configuration file', CONFIG_FILE)
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExample:\n  berth-agent doctor -o json')
    .action(async ({ config, output }) => {
      const { examineHost } = await import('./doctor/doctor.ts');
      const findings = await examineHost(config);
      process.stdout.write(output === 'json' ? findingsJson(findings) : findingsText(findings));
      process.exitCode = exitCodeOf(findings);
    });
  return program;
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
