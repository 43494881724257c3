import { Command } from 'commander';
import { CliError } from '../explain.ts';
import type { AnswerSource } from '../setup/set-up.ts';

interface Options {
  file?: string;
  change?: boolean;
  login?: boolean;
}

/** `berth setup`: makes a control plane of this host. */
export function setupCommand(): Command {
  return new Command('setup')
    .description('Set up the control plane on this host: configuration, service, first administrator')
    .option('--file <answers>', 'take the answers from this JSON file instead of asking')
    .option('--change', 'change what was set up before; without it a further run changes nothing')
    .option('--login', "sign root's berth command in as the new administrator")
    .addHelpText(
      'after',
      `
Run it as root, on a machine with systemd. It writes /etc/berth/berth.env (lines that are not its own stay), puts the
key of the secrets into /etc/credstore, starts berth.service and makes the first administrator.

The file of answers; only "names" is needed:
  {
    "names": ["berth.example.org"],                  names and addresses of this server, the main one first
    "administrator": {
      "username": "admin",
      "email": "ada@example.org",
      "passwordFile": "/root/password"               its first line; "-" is standard input; absent: a random one,
    },                                               printed once
    "databaseUrl": "postgres://berth@db/berth",      or "databaseUrlFile", whose first line it is; absent:
                                                     SQLite, or with --change what it is
    "ldap": true,                                    LDAPS on port 636, for logins in containers
    "encryptCredentials": false                      by systemd-creds, for this machine alone
  }

Examples:
  berth setup
  berth setup --file answers.json`,
    )
    .action(async ({ file, change = false, login = false }: Options) => {
      requireHost();
      const { HOST } = await import('../../host/paths.ts');
      const { systemd } = await import('../../host/service-control.ts');
      if (!systemd.available()) throw new CliError(NO_SYSTEMD);
      const { setUp } = await import('../setup/set-up.ts');
      const print = (text: string) => process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
      await setUp({ paths: HOST, services: systemd, print }, await sourceOf(file), { change, login });
    });
}

const NO_SYSTEMD =
  'systemd does not run this machine, and the service is one of its units. Without it, set BERTH_STATE_DIR and ' +
  'BERTH_SERVER_NAMES, run "/usr/lib/berth/node /usr/lib/berth/program/main.mjs", and open the page /setup.';

function requireHost(): void {
  if (process.getuid?.() !== 0) throw new CliError('it writes to /etc and starts a service: run it as root.');
}

async function sourceOf(file: string | undefined): Promise<AnswerSource> {
  if (file !== undefined) {
    const { readAnswers } = await import('../setup/answers.ts');
    const { settings, administrator } = readAnswers(file);
    return { settings: async () => settings, administrator: async () => administrator };
  }
  const { askAdministrator, askSettings } = await import('../setup/ask-answers.ts');
  const { ownName } = await import('../setup/own-name.ts');
  return { settings: async (now) => askSettings(now, await ownName()), administrator: askAdministrator };
}
