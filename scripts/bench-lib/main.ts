// Runs one benchmark by its file's name, prints its rows as a table and writes them as JSON where asked.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Row } from './rows.ts';

const { values, positionals } = parseArgs({ options: { json: { type: 'string' } }, allowPositionals: true });
const [name = ''] = positionals;
const file = join(import.meta.dirname, `${name}.ts`);
if (!/^[a-z-]+$/.test(name) || !existsSync(file)) {
  process.stderr.write(`There is no benchmark "${name}".\n`);
  process.exit(2);
}
const { run }: { run: (say: (line: string) => void) => Promise<Row[]> } = await import(file);
// The product's timers let a process end; this one waits for its figures.
const alive = setInterval(() => {}, 60_000);
const rows = await run((line) => process.stderr.write(`${line}\n`));
clearInterval(alive);
for (const r of rows) {
  process.stdout.write(
    `${r.figure.padEnd(52)} ours ${format(r.ours)} ${r.unit}, other ${format(r.other)} ${r.unit}, ratio ${r.ratio}\n`,
  );
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
