import { Command } from 'commander';
import { formatOf, printData } from '../output.ts';
import { keyFileOf, keyFileOption, sourceOf } from './backup.ts';

/** `berth restore FILE`. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('Restore a backup into the empty database of this host')
    .argument('<file>', 'the backup; - for standard input')
    .addOption(keyFileOption())
    .addHelpText(
      'after',
      `
The control plane must not run, and its database must be empty; one that was started and never set up counts as empty.
Agents follow the restored control plane without enrolling again, once its address is the same. One that holds something
newer than the backup goes on serving that until an administrator confirms: see "berth agent confirm-restore".
The database is found as the service finds it; where nothing is set up yet it is the file in /var/lib/berth, or what
BERTH_DATABASE_URL says.

Example:
  systemctl stop berth
  berth restore /srv/backups/berth-20261130T010000Z.backup --key-file /etc/berth/backup.key
  systemctl start berth`,
    )
    .action(async (file: string, _options, command: Command) => {
      const { readKeyFile } = await import('../../backup/key-file.ts');
      const key = readKeyFile(keyFileOf(command));
      const { restoreBackup } = await import('../../backup/restore.ts');
      const { hostConfig } = await import('../host-config.ts');
      const { databaseUrl, masterKeyFile, stateDir } = hostConfig();
      const target = { databaseUrl, masterKeyFile, stateDir, now: Date.now() };
      const { header, counts, formerKeyFile } = await restoreBackup(await sourceOf(file), key, target);
      const format = formatOf(command);
      if (format !== 'table') return printData(format, { ...header, ...counts, formerKeyFile: formerKeyFile ?? '' });
      process.stdout.write(
        `${[
          `Restored ${counts.rows} rows of ${counts.tables} tables, as they were ${header.madeAt}.`,
          ...(formerKeyFile ? [`The key of secrets that was there is ${formerKeyFile} now.`] : []),
          ...NEXT,
        ].join('\n')}\n`,
      );
    });
}

const NEXT = [
  '',
  'What to do next:',
  '  1. systemctl start berth. Everybody signs in again.',
  '  2. berth agent list: agents come back by themselves. One that is "ahead" holds what was made after the backup and',
  '     keeps serving it; berth agent get says what would be taken away. Then berth agent confirm-restore AGENT.',
  '     Until every agent of a site is back and confirmed, operations there wait.',
  '  3. What was taken away from people after the backup (tokens, keys, memberships, passwords) is valid again: look',
  '     through it. Containers whose secret for logins has changed since want "berth container logins --setup".',
];
