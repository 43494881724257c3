/**
 * /etc/berth/berth.env, which systemd reads (EnvironmentFile, systemd.exec(5)) and an administrator writes, too: lines
 * that are not ours stay as they are, byte for byte.
 */

/** Some lines of the file: an assignment, or what stands between them. */
interface Part {
  raw: string;
  name?: string;
  value?: string;
}

/** What needs no quotes and no thought: names, addresses, URLs without secrets, paths. */
const PLAIN = /^[\w@%+=:,./[\]~-]*$/;
const NAME = /^[A-Z][A-Z0-9_]*$/;

/** The variables that a file sets, the last of several, as systemd takes them. */
export function readEnv(text: string): Record<string, string> {
  return Object.fromEntries(parts(text).flatMap(({ name, value }) => (name ? [[name, value ?? '']] : [])));
}

/**
 * The file with variables set: where one is set already its last line is replaced if it says something else, others
 * are added at the end.
 * @throws Error for a value that would need quoting, and thus is none of ours
 */
export function withEnv(text: string, variables: Readonly<Record<string, string>>): string {
  const all = parts(text);
  const missing: string[] = [];
  for (const [name, value] of Object.entries(variables)) {
    if (!NAME.test(name) || !PLAIN.test(value)) throw new Error(`${name} cannot be set to ${JSON.stringify(value)}`);
    const last = all.findLast((part) => part.name === name);
    if (!last) missing.push(`${name}=${value}\n`);
    else if (last.value !== value) last.raw = `${name}=${value}\n`;
  }
  const kept = all.map(({ raw }) => raw).join('');
  return ended(kept) + missing.join('');
}

/** Text after which a line can begin: the last line's end may be missing, or escaped. */
function ended(text: string): string {
  const line = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return line.endsWith('\\\n') ? `${line}\n` : line;
}

function parts(text: string): Part[] {
  const found: Part[] = [];
  // A backslash at its end makes the next line part of this one, unless it is itself escaped; not that of a comment.
  for (const [raw] of text.matchAll(/[^\S\n]*[#;][^\n]*(?:\n|$)|(?:\\(?:[\s\S]|$)|[^\\\n])+(?:\n|$)|\n/g)) {
    const assignment = /^\s*([A-Za-z_]\w*)=(.*)$/s.exec(raw);
    found.push(assignment?.[1] ? { raw, name: assignment[1], value: unquoted(assignment[2] ?? '') } : { raw });
  }
  return found;
}

/** A value as systemd understands it: quoted parts, escapes, and white space at both ends taken away. */
function unquoted(text: string): string {
  return text.trim().replace(/'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S]?)/g, (_all, single, double, escaped) => {
    if (single !== undefined) return single;
    if (double !== undefined)
      return String(double).replace(/\\(["\\`$\n])/g, (_pair, one) => (one === '\n' ? '' : one));
    return escaped === '\n' ? '' : escaped;
  });
}
