import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { CliError } from '../explain.ts';
import { formatOf, printData } from '../output.ts';
import { wholeNumber } from '../parse.ts';

/** The option for the file with the key, which every command about backups wants; see `keyFileOf`. */
export const keyFileOption = () =>
  new Option('--key-file <file>', 'file with the key of the backups; keep a copy of it apart from them').env(
    'BERTH_BACKUP_KEY_FILE',
  );

/** The key file asked for, wherever on the command line it stands. Ends the command when there is none. */
export function keyFileOf(command: Command): string {
  const { keyFile } = command.optsWithGlobals<{ keyFile?: string }>();
  return keyFile ?? command.error("error: required option '--key-file <file>' not specified");
}

/** `berth backup …`. */
export function backupCommand(): Command {
  const backup = new Command('backup')
    .description('Back up the control plane of this host while it runs, encrypted')
    .argument('<file>', 'file to write; a directory for one named by the time; - for standard output')
    .addOption(keyFileOption())
    .option('--keep <n>', 'with a directory: remove the oldest of its backups beyond so many', wholeNumber)
    .addHelpText(
      'after',
      `
The key file is made if it is not there. Without it no backup can be read, by nobody: keep a copy of it elsewhere.
What is backed up is the database as it is at one moment, with the key of its secrets. The database is found as the
service finds it: BERTH_STATE_DIR, BERTH_DATABASE_URL, BERTH_MASTER_KEY_FILE.

Examples:
  berth backup /srv/backups/ --key-file /etc/berth/backup.key --keep 14
  berth backup - --key-file /etc/berth/backup.key | ssh vault 'cat > berth.backup'
  berth backup verify /srv/backups/berth-20261130T010000Z.backup --key-file /etc/berth/backup.key`,
    )
    .action(async (file: string, { keep }: { keep?: number }, command: Command) => {
      await makeOne(file, keyFileOf(command), keep, command);
    });
  backup
    .command('verify')
    .description('Read a backup from end to end and say what it holds')
    .argument('<file>', 'the backup; - for standard input')
    .addOption(keyFileOption())
    .action(async (file: string, _options, command: Command) => {
      await verifyOne(file, keyFileOf(command), command);
    });
  return backup;
}

/** The bytes of a backup. @throws CliError when the file cannot be read */
export async function sourceOf(file: string): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') return process.stdin;
  try {
    return (await open(file)).createReadStream({ highWaterMark: 256 << 10 });
  } catch (error) {
    throw new CliError(`the backup cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function makeOne(path: string, keyFile: string, keep: number | undefined, command: Command): Promise<void> {
  const { readOrMakeKeyFile } = await import('../../backup/key-file.ts');
  const { keepNewest, targetOf, writeWhole } = await import('../../backup/backup-file.ts');
  const { makeBackup } = await import('../../backup/backup.ts');
  const { keyIdOf } = await import('../../backup/sealed-file.ts');
  const { existingMasterKey } = await import('../../backup/master-key-file.ts');
  const { hostConfig } = await import('../host-config.ts');
  const config = hostConfig();
  const began = Date.now();
  const file = await targetOf(path, new Date(began));
  if (keep !== undefined && (keep < 1 || file === path)) {
    throw new CliError('--keep takes a number from 1 on, and goes with a directory.');
  }
  const masterKey = existingMasterKey(config.masterKeyFile);
  const { key, made } = readOrMakeKeyFile(keyFile);
  let counts = { tables: 0, rows: 0 };
  const counted = (all: typeof counts) => {
    counts = all;
  };
  const bytes = await writeWhole(
    file,
    makeBackup({ databaseUrl: config.databaseUrl, masterKey, now: began, counted }, key),
  );
  const removed = keep === undefined ? [] : await keepNewest(path, keep);
  const result = { file, bytes, seconds: (Date.now() - began) / 1_000, ...counts, keyId: keyIdOf(key), removed };
  // The backup itself may be what goes to standard output.
  if (file !== '-' && formatOf(command) !== 'table') return printData(formatOf(command) as 'json' | 'yaml', result);
  const lines = [
    `Backed up ${counts.rows} rows of ${counts.tables} tables to ${file}: ${bytes} bytes in ${result.seconds} s.`,
    ...(made ? [`Made the key ${keyFile}. Keep a copy of it elsewhere: without it no backup can be read.`] : []),
    ...(file !== '-' && dirname(resolve(file)) === dirname(resolve(keyFile))
      ? ['The key lies beside the backup. Whoever takes one takes both: keep them apart.']
      : []),
    ...removed.map((name) => `Removed ${name}.`),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

async function verifyOne(file: string, keyFile: string, command: Command): Promise<void> {
  const { readKeyFile } = await import('../../backup/key-file.ts');
  const { verifyBackup } = await import('../../backup/backup.ts');
  const { header, counts, tables } = await verifyBackup(await sourceOf(file), readKeyFile(keyFile));
  const format = formatOf(command);
  if (format !== 'table') {
    printData(format, { ...header, ...counts, rowsByTable: Object.fromEntries(tables) });
    return;
  }
  const filled = [...tables].filter(([, rows]) => rows > 0);
  const width = Math.max(...filled.map(([name]) => name.length), 0);
  process.stdout.write(
    [
      `This backup is whole. It was made ${header.madeAt} by Berth ${header.berth}, schema ${header.schema}.`,
      `${counts.rows} rows of ${counts.tables} tables:`,
      ...filled.map(([name, rows]) => `  ${name.padEnd(width)}  ${rows}`),
      '',
    ].join('\n'),
  );
}
