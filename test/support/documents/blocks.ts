/** The fenced blocks of the documents, which is where their commands stand. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository. */
export const REPOSITORY = join(import.meta.dirname, '../../..');

/** One fenced block. */
export interface Block {
  /** Relative to the repository. */
  file: string;
  /** Line of its opening fence, from 1. */
  line: number;
  language: string;
  /** What stands behind the language: "host=agent", "endless". */
  attributes: ReadonlyMap<string, string>;
  text: string;
  /** The block of language "text" right after it: what its commands print, with "…" for what may be anything. */
  output: string | undefined;
  /** Where this block is such an output: of which block. */
  outputOf: Block | undefined;
}

/** README.md and everything below docs that people have written. */
export function documents(): string[] {
  const pages = globSync('docs/**/*.md', { cwd: REPOSITORY }).filter((file) => !file.startsWith('docs/reference/'));
  return ['README.md', ...pages.sort()];
}

/** The blocks of one document, in order. @throws where a fence is not closed */
export function blocksOf(file: string): Block[] {
  const blocks: (Block & { end: number })[] = [];
  const lines = readFileSync(join(REPOSITORY, file), 'utf8').split('\n');
  for (let at = 0; at < lines.length; at++) {
    const opening = /^( *)```(.*)$/.exec(lines[at] ?? '');
    if (!opening) continue;
    const [, indent = '', info = ''] = opening;
    const end = lines.indexOf(`${indent}\`\`\``, at + 1);
    if (end < 0) throw new Error(`${file}:${at + 1}: this block has no end`);
    const text = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    const before = blocks.at(-1);
    const [language = '', ...attributes] = info.trim().split(/\s+/);
    const follows = before?.language === 'sh' && lines.slice(before.end + 1, at).every((line) => line.trim() === '');
    const outputOf = language === 'text' && follows ? before : undefined;
    if (outputOf) outputOf.output = text.join('\n');
    const named = new Map(attributes.map((each) => [each.split('=')[0] ?? '', each.split('=')[1] ?? '']));
    blocks.push({
      file,
      line: at + 1,
      language,
      attributes: named,
      text: text.join('\n'),
      output: undefined,
      outputOf,
      end,
    });
    at = end;
  }
  return blocks.map(({ end: _, ...block }) => block);
}

/** Where a block stands, for messages. */
export function placeOf({ file, line }: Block): string {
  return `${file}:${line}`;
}

/** The lines of an expected output that an output does not have, in order. "…" stands for anything within a line. */
export function missingLines(expected: string, output: string): string[] {
  const rest = output.split('\n').map((line) => line.trim());
  return expected.split('\n').filter((line) => {
    if (line.trim() === '' || line.trim() === '…') return false;
    const pattern = new RegExp(`^${line.trim().split('…').map(literal).join('.*')}$`);
    const found = rest.findIndex((each) => pattern.test(each));
    if (found >= 0) rest.splice(0, found + 1);
    return found < 0;
  });
}

/** Spaces of tables are as wide as their columns. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ +/g, ' +');
}
