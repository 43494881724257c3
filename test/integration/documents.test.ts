// What can be said of README.md and docs without running their commands; test/e2e/documents.test.ts runs them.
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readAnswers } from '@berth/control-plane/cli/setup/answers.ts';
import { AGENTS } from '@berth/control-plane/metrics/agent-definitions.ts';
import { OWN } from '@berth/control-plane/metrics/own-definitions.ts';
import { STORE } from '@berth/control-plane/metrics/store-definitions.ts';
import type { DescMessage, DescMethod, JsonValue } from '@bufbuild/protobuf';
import { createRegistry, fromJson } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readProtocol } from '../../scripts/docs/read-protocol.ts';
import { LEAST_PRIVILEGES } from '../lab/site-setup.ts';
import { type Block, blocksOf, documents, placeOf, REPOSITORY } from '../support/documents/blocks.ts';
import { commandName, commandsOf, misuse } from '../support/documents/command-lines.ts';
import { coverageOf } from '../support/documents/coverage.ts';
import { importsByFolder } from '../support/documents/imports.ts';
import { brokenLinks, missingFiles } from '../support/documents/links.ts';

/** How programs tell their options. */
const HELP: Record<string, string[]> = {
  systemctl: ['--help'],
  journalctl: ['--help'],
  curl: ['--help', 'all'],
  createuser: ['--help'],
  createdb: ['--help'],
};

const run = promisify(execFile);
const blocks = documents().flatMap(blocksOf);
const scripts = blocks.filter(({ language }) => language === 'sh');
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-documents-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each(documents())('the links of %s lead somewhere, and the files it names are there', (file) => {
  expect(brokenLinks(file)).toEqual([]);
  expect(missingFiles(file)).toEqual([]);
});

test('the table of imports in the architecture is that of the code', () => {
  const text = readFileSync(join(REPOSITORY, 'docs/architecture.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([\w-]+)` +\| ([\w, -]+?) +\|/gm)];
  const told = rows.map(([, folder = '', imports = '']) => [folder, imports.split(', ')] as const);
  const folders = importsByFolder();
  expect(Object.fromEntries(told.filter(([folder]) => folders.has(folder)))).toEqual(Object.fromEntries(folders));
});

test('every block is looked at by something, and this is how', async () => {
  const lines = blocks.map((block) => {
    const { by, where } = coverageOf(block) ?? { by: 'NOTHING', where: `a block of language "${block.language}"` };
    const [first = ''] = block.text.split('\n');
    return `${block.file.padEnd(24)} ${by.padEnd(8)} ${first.slice(0, 60).padEnd(60)} ${where}`;
  });
  expect(lines.filter((line) => line.includes(' NOTHING'))).toEqual([]);
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../golden/documents.txt');
});

describe('commands', () => {
  test.each(scripts.map((block) => [placeOf(block), block] as const))('%s is understood', async (_place, { text }) => {
    const script = join(directory, 'script');
    await writeFile(script, text);
    await run('bash', ['-n', script]);
    expect(commandsOf(text).flatMap((command) => misuse(command) ?? [])).toEqual([]);
  });

  test('what the README says of installing is done on whole hosts, with the packages and systemd', () => {
    const files = globSync('test/e2e/{hosts*.test.ts,support/host-*.ts}', { cwd: REPOSITORY });
    const typed = files
      .map((file) => readFileSync(join(REPOSITORY, file), 'utf8').replaceAll('apt-get -y', 'apt'))
      .join();
    const installing = scripts.filter(({ file, attributes }) => {
      return file === 'README.md' && ['control-plane', 'agent'].includes(attributes.get('host') ?? '');
    });
    for (const command of installing.flatMap(({ text }) => commandsOf(text))) {
      expect(typed).toContain(commandName(command));
    }
  });

  test('options of other programs are such as those programs name in their help', async () => {
    const commands = scripts.filter(isElsewhere).flatMap(({ text }) => commandsOf(text));
    for (const [program = '', ...words] of commands.filter(([program = '']) => program in HELP)) {
      const { stdout } = await run(program, HELP[program] ?? []);
      for (const [option] of words.join(' ').matchAll(/(?<= |^)--[a-z-]+/g)) expect(stdout, program).toContain(option);
    }
  });

  test('grpcurl is asked for methods that there are, with requests that they take', async () => {
    const calls = scripts.flatMap(({ text }) => commandsOf(text)).filter(([program]) => program === 'grpcurl');
    expect(calls.length).toBeGreaterThan(0);
    const methods = await methodsByName();
    for (const call of calls) checkCall(call, methods);
  });

  test('the rights that a PVE token is given are those that Berth needs', () => {
    const text = scripts.filter(({ attributes }) => attributes.get('host') === 'proxmox').map((block) => block.text);
    const roles = commandsOf(text.join('\n')).filter((words) => words.slice(0, 3).join(' ') === 'pveum role add');
    const given = roles.flatMap((words) => (words[words.indexOf('--privs') + 1] ?? '').split(/[ ,]+/));
    expect([...new Set(given)].sort()).toEqual(Object.values(LEAST_PRIVILEGES).flat().sort());
  });
});

test('Prometheus takes the rules and the configuration, and the rules warn of what they should', async () => {
  await run('promtool', ['check', 'rules', 'docs/prometheus/alerts.yml'], { cwd: REPOSITORY });
  await run('promtool', ['check', 'config', '--syntax-only', 'docs/prometheus/scrape.yml'], { cwd: REPOSITORY });
  await run('promtool', ['test', 'rules', 'test/integration/alert-rules.yml'], { cwd: REPOSITORY });
});

test('the rules ask for figures that there are', () => {
  const known = new Set(Object.keys({ ...OWN, ...STORE, ...AGENTS }));
  const rules = readFileSync(join(REPOSITORY, 'docs/prometheus/alerts.yml'), 'utf8');
  const asked = [...rules.matchAll(/\bberth_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});

test('what is shown as JSON and YAML is such', () => {
  for (const block of blocks) {
    if (block.language === 'json') expect(() => JSON.parse(block.text), placeOf(block)).not.toThrow();
    if (block.language === 'yaml') expect(faultsOf(block), placeOf(block)).toEqual([]);
  }
});

test('the file of answers that the guide shows is one that berth setup takes', async () => {
  const shown = blocks.find(({ language, text }) => language === 'json' && text.includes('"names"'));
  const [password, file] = [join(directory, 'password'), join(directory, 'answers.json')];
  await writeFile(password, 'correct horse battery\n');
  await writeFile(file, shown?.text.replace('/root/password', password) ?? '');
  expect(readAnswers(file).settings).toMatchObject({ names: ['berth.example.org', '192.0.2.10'], ldap: true });
});

function isElsewhere({ attributes }: Block): boolean {
  return attributes.has('host');
}

function faultsOf({ text }: Block): string[] {
  const parsed = parseAllDocuments(text);
  return Array.isArray(parsed) ? parsed.flatMap(({ errors }) => errors.map(({ message }) => message)) : [];
}

async function methodsByName(): Promise<Map<string, DescMethod>> {
  const services = (await readProtocol()).flatMap(({ services }) => services);
  return new Map(
    services.flatMap(({ typeName, methods }) => methods.map((m) => [`${typeName}/${m.name}`, m] as const)),
  );
}

/** The words of a call are options, the server, then a method or one of "list" and "describe". */
function checkCall(words: readonly string[], methods: ReadonlyMap<string, DescMethod>): void {
  const called = words.find((word) => /^[\w.]+\/\w+$/.test(word));
  if (called === undefined) {
    expect(words).toContainEqual(expect.stringMatching(/^(list|describe)$/));
    return;
  }
  const method = methods.get(called);
  if (!method) throw new Error(`there is no method ${called}`);
  const data = words[words.indexOf('-d') + 1];
  if (words.includes('-d') && data !== undefined) checkRequest(method.input, JSON.parse(data));
}

function checkRequest(schema: DescMessage, request: JsonValue): void {
  expect(() => fromJson(schema, request, { registry: createRegistry(schema) })).not.toThrow();
}
