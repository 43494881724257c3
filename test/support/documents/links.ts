/** The links of the documents, to files and to places in them. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPOSITORY } from './blocks.ts';

const anchors = new Map<string, Set<string>>();

/** What the links of a document lead to that is not there. Links out of the repository are left alone. */
export function brokenLinks(file: string): string[] {
  return linksOf(file).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(join(REPOSITORY, target))) return true;
    if (anchor === undefined) return false;
    return statSync(join(REPOSITORY, target)).isDirectory() || !anchorsOf(target).has(anchor);
  });
}

/** Files of the repository that a document names and that are not there. */
export function missingFiles(file: string): string[] {
  const named = proseOf(file).matchAll(/`((?:agents|control-plane|proto|scripts|test|web)\/[\w./-]+)`/g);
  return [...named].map(([, path = '']) => path).filter((path) => !existsSync(join(REPOSITORY, path)));
}

function linksOf(file: string): string[] {
  const found = proseOf(file).matchAll(/\]\(([^)\s]+)\)/g);
  return [...found].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function anchorsOf(file: string): Set<string> {
  const known = anchors.get(file);
  if (known) return known;
  const headings = proseOf(file).matchAll(/^#+ (.+)$/gm);
  const names = [...headings].map(([, heading = '']) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, ''));
  const made = new Set(names.map((name) => name.replaceAll(' ', '-')));
  anchors.set(file, made);
  return made;
}

/** A document without its fenced blocks. */
function proseOf(file: string): string {
  return readFileSync(join(REPOSITORY, file), 'utf8').replace(/^( *)```[\s\S]*?^\1```$/gm, '');
}
