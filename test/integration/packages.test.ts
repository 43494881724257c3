// The packages around their runtime, whose size would only make the tests long: a small program stands for it here.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Built, buildPackages } from '../../scripts/packaging/build.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
let directory: string;
let packages: Built[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-packages-'));
  packages = await buildInto('first');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function buildInto(name: string): Promise<Built[]> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  return buildPackages({ architecture, compression: 'fast', out: join(directory, name), runtime: '/usr/bin/env' });
}

test('packages built elsewhere and later are the same, byte for byte', async () => {
  const built = Math.floor(Date.now() / 1000);
  await waitFor(() => Date.now() / 1000 > built + 1, { what: 'another second' });
  for (const { name, file } of await buildInto('second')) {
    const first = packages.find((each) => each.name === name)?.file ?? '';
    expect((await readFile(file)).equals(await readFile(first)), basename(file)).toBe(true);
  }
});

test('lintian finds no fault that is not explained', async () => {
  // Compression for tests is one that Debian's own archive does not take.
  const args = ['--allow-root', '--fail-on', 'error,warning', '--suppress-tags', 'malformed-deb-archive'];
  const { stdout } = await run('lintian', [...args, ...packages.map(({ file }) => file)]);
  expect(stdout).toBe('');
});

test('the copyright file names every library, with its words', async () => {
  for (const { name, file } of packages) {
    const path = `./usr/share/doc/${name}/copyright`;
    const { stdout } = await run('sh', ['-c', `dpkg-deb --fsys-tarfile ${file} | tar -xO ${path}`], {
      maxBuffer: 2 ** 22,
    });
    for (const word of ['Node.js (node-linux-', ' * zod ', ' * commander ', 'Copyright (c) 2025 Colin McDonnell']) {
      expect(stdout).toContain(word);
    }
  }
});
