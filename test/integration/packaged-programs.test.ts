// The programs as the packages have them: bundled, beside nothing of the repository.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/packaging/bundle.ts';
import { bashCompletion, manualPage } from '../../scripts/packaging/manual.ts';
import { RECIPES } from '../../scripts/packaging/recipes.ts';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-bundle-'));
  await Promise.all(RECIPES.map(({ name, program }) => bundle(program, join(directory, name), 'amd64')));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each(RECIPES.map(({ name, command }) => [name, command] as const))(
  '%s says how it is used',
  async (name, command) => {
    const { stdout } = await run(process.execPath, [join(directory, name, command.file), '--help']);
    expect(stdout).toContain(`Usage: ${command.name} [options] [command]`);
  },
);

test('the control plane serves its pages with what belongs to them', async () => {
  const [port, agents] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [join(directory, 'berth/main.mjs')], {
    cwd: '/',
    env: {
      BERTH_STATE_DIR: join(directory, 'state'),
      BERTH_LISTEN: `127.0.0.1:${port}`,
      BERTH_AGENT_LISTEN: `127.0.0.1:${agents}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  await waitFor(() => said.includes('control plane ready'), { timeoutMs: 30_000, what: `ready, not ${said}` });
  expect(await get(port, '/setup')).toContain('Set up');
  expect(await get(port, '/assets/style.css')).toContain('{');
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(child.exitCode, said).toBe(0);
});

test.each(RECIPES.map(({ command }) => [command.name, command] as const))(
  'the manual and the completion of %s know every command',
  async (name, { build }) => {
    const program = build();
    const page = manualPage(program, '2026-01-01');
    const completion = bashCompletion(program);
    for (const command of program.commands) {
      expect(page).toContain(`${name} ${command.name()}`.replaceAll('-', '\\-'));
      expect(completion).toContain(command.name());
    }
    const asked = `${completion}\nCOMP_WORDS=(${name} ''); COMP_CWORD=1; _${name.replaceAll('-', '_')}; echo "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['-c', asked]);
    expect(stdout.trim().split(' ')).toContain(program.commands[0]?.name());
  },
);

function get(port: number, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request({ host: '127.0.0.1', port, path, rejectUnauthorized: false }, (answer) => {
    text(answer).then(resolve, reject);
  });
  call.on('error', reject);
  call.end();
  return promise;
}
