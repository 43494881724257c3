import { Command } from 'commander';
import { formatOf, printData } from '../output.ts';

/** `berth database …`. */
export function databaseCommand(): Command {
  const database = new Command('database').description(
    'Databases of a control plane: sqlite:FILE, postgres://…, mysql://…',
  );
  database
    .command('copy')
    .description('Copy one database into an empty one, of another engine or the same, and compare them')
    .argument('<from>', 'database to copy')
    .argument('<to>', 'empty database')
    .option('--online', 'copy what it is at this moment while its control plane runs; what is written later is missing')
    .addHelpText(
      'after',
      `
Example, from the SQLite file to PostgreSQL:
  systemctl stop berth
  berth database copy sqlite:/var/lib/berth/berth.db postgres://berth:secret@db.example/berth
  # then set BERTH_DATABASE_URL to the new one, and systemctl start berth`,
    )
    .action(async (from: string, to: string, { online = false }: { online?: boolean }, command: Command) => {
      const { copyDatabase } = await import('../../backup/copy.ts');
      const counts = await copyDatabase(from, to, { online });
      const format = formatOf(command);
      if (format !== 'table') return printData(format, counts);
      const compared = online ? '' : ' The two are the same, row by row.';
      process.stdout.write(`Copied ${counts.rows} rows of ${counts.tables} tables.${compared}\n`);
    });
  database
    .command('compare')
    .description('Compare two databases row by row; exit code 1 when they differ')
    .argument('<first>', 'a database')
    .argument('<second>', 'another')
    .action(async (first: string, second: string, _options, command: Command) => {
      const { compareDatabases } = await import('../../backup/compare.ts');
      const differences = await compareDatabases(first, second);
      if (differences.length > 0) process.exitCode = 1;
      const format = formatOf(command);
      if (format !== 'table') return printData(format, differences);
      const lines = differences.map(({ table, key, what }) => `${table} ${key}: ${what}`);
      process.stdout.write(`${lines.length === 0 ? 'They are the same.' : lines.join('\n')}\n`);
    });
  return database;
}
