/** Markdown as the pages of docs/reference are made of. */

/** Says who made a page, so that nobody mends it by hand. */
export function generatedFrom(source: string): string {
  return `<!-- Made by scripts/gen from ${source}; do not edit. -->`;
}

/** Plain text as Markdown shows it, on one line; what stands between backticks is left alone. */
export function prose(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[<>*[\]\\]|\b_|_\b/g, (c) => ESCAPED[c] ?? `\\${c}`)))
    .join('')
    .replaceAll('|', '\\|');
}

const ESCAPED: Record<string, string> = { '<': '&lt;', '>': '&gt;' };

/** Sentences one after the other, each with its full stop. */
export function sentences(parts: readonly string[]): string {
  const said = parts.filter((part) => part !== '');
  return said.length < 2 ? said.join('') : said.map((part) => (/[.?!]$/.test(part) ? part : `${part}.`)).join(' ');
}

/** Text in the type of programs; empty stays empty. */
export function code(text: string): string {
  if (text === '') return '';
  return `\`${text.replaceAll('|', '\\|')}\``;
}

/** A table; cells are Markdown. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(heads), row(heads.map(() => '---')), ...rows.map(row)];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
