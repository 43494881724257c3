/** What `promtool check metrics` would find fault with in a text of figures, and what breaks our own rules. */

const NAME = /^[a-z][a-z0-9_]*$/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?(?:[\d.]+(?:e[+-]?\d+)?|Inf)|Na[Nn])$/;
const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/gy;
const UNITS = /(_milliseconds|_minutes|_hours|_kilobytes|_megabytes|_mib|_percent)(_|$)/;

/** The faults of a text in the Prometheus exposition format, one line each; none for a good one. */
export function faultsOf(text: string): string[] {
  const faults: string[] = [];
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const seen = new Set<string>();
  if (!text.endsWith('\n')) faults.push('the last line has no end');
  for (const line of text.split('\n').filter(Boolean)) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') {
      if (helped.has(name)) faults.push(`${name}: told twice`);
      helped.add(name);
    } else if (word === 'TYPE') {
      types.set(name, rest);
      faults.push(...faultsOfName(name, rest));
    } else faults.push(...faultsOfSample(line, { types, helped, seen }));
  }
  return faults;
}

function faultsOfName(name: string, type: string): string[] {
  const faults: string[] = [];
  if (!NAME.test(name)) faults.push(`${name}: no name for a figure`);
  if (type === 'counter' && !name.endsWith('_total')) faults.push(`${name}: a counter's name ends in _total`);
  if (type !== 'counter' && name.endsWith('_total')) faults.push(`${name}: only a counter's name ends in _total`);
  if (UNITS.test(name)) faults.push(`${name}: not in a base unit`);
  return faults;
}

function faultsOfSample(
  line: string,
  { types, helped, seen }: { types: Map<string, string>; helped: Set<string>; seen: Set<string> },
): string[] {
  const [, name = '', labels = ''] = SAMPLE.exec(line) ?? [];
  if (name === '') return [`not to be read: ${line}`];
  const base = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
  const faults: string[] = [];
  if (!types.has(base) || !helped.has(base)) faults.push(`${name}: without type or help`);
  const key = line.slice(0, line.lastIndexOf(' '));
  if (seen.has(key)) faults.push(`${key}: told twice`);
  seen.add(key);
  if ([...labels.matchAll(LABEL)].map(([pair]) => pair).join('') !== labels) faults.push(`labels of ${line}`);
  return faults;
}
