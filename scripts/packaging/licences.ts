/** The copyright file of a package: its own licence, and those of everything that others made and it brings along. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };

const OWN = join(import.meta.dirname, 'copyright');

/** Licences that every Debian has. */
const COMMON: Record<string, string> = { 'Apache-2.0': '/usr/share/common-licenses/Apache-2.0' };

const libraryManifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  author: z.union([z.string(), z.object({ name: z.string() })]).optional(),
});

interface Library {
  title: string;
  licence: string;
  /** Its licence's words, or who holds the rights where it brings none along. */
  words: string;
}

/**
 * The text of the copyright file.
 *
 * @param libraries directories of the libraries in the package
 * @param runtime directory of the Node in it
 */
export async function copyrightText(libraries: readonly string[], runtime: string): Promise<string> {
  const found = await Promise.all(libraries.map(readLibrary));
  const node = await readLibrary(runtime);
  const byWords = Map.groupBy(found, ({ words }) => words);
  const sections = [...byWords].map(([words, those]) => section(those.map(({ title }) => title).join(', '), words));
  return [
    `Berth ${manifest.version}`,
    'Copyright: The Berth founders',
    'License: Expat (MIT), whose words follow',
    '',
    await readFile(OWN, 'utf8'),
    'This package brings along what others made, each under its own licence:',
    '',
    ` * Node.js (${node.title}), as built by the Node.js project`,
    ...found.map(({ title, licence }) => ` * ${title}: ${licence}`),
    '',
    ...sections,
    section(`Node.js and what is linked into it`, node.words),
  ].join('\n');
}

async function readLibrary(directory: string): Promise<Library> {
  const about = libraryManifest.parse(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')));
  const names = (await readdir(directory)).filter((name) => /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i.test(name));
  const texts = await Promise.all(names.sort().map((name) => readFile(join(directory, name), 'utf8')));
  const holder =
    typeof about.author === 'string' ? about.author : (about.author?.name ?? `the authors of ${about.name}`);
  const words = texts.join('\n').trim() || noticeOf(holder, about.license);
  return { title: `${about.name} ${about.version}`, licence: about.license, words };
}

function noticeOf(holder: string, licence: string): string {
  const common = COMMON[licence];
  return `Copyright: ${holder}\nLicense: ${licence}${common ? `, whose words are in ${common}` : ''}`;
}

function section(title: string, words: string): string {
  return `${'-'.repeat(78)}\n${title}\n\n${words.trimEnd()}\n`;
}
