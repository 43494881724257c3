// The clients of the README against the API: the berth command, curl with JSON, buf curl with reflection.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
let lab: LocalLab;

beforeAll(async () => {
  lab = await createLocalLab();
});

afterAll(() => lab?.destroy());

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function run(command: string, ...args: string[]): Promise<Ended> {
  const env = {
    ...process.env,
    PATH: `${REPOSITORY}/node_modules/.bin:${process.env.PATH}`,
    BERTH_URL: lab.api.url,
    BERTH_TOKEN: lab.api.token,
    BERTH_CA: lab.api.caFile,
  };
  return new Promise((resolve) => {
    execFile(command, args, { env, cwd: REPOSITORY }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const berth = (...args: string[]) => run(join(REPOSITORY, 'control-plane/cli/berth'), ...args);

test('berth creates, shows, changes and deletes a container, and says how it goes', async () => {
  const services = ['--http', `${lab.ports.guestHttp}:cli1.apps.localhost`, '--tcp', String(lab.ports.guestTcp)];
  const created = await berth(
    'container',
    'create',
    'cli1',
    '--site',
    'local',
    '--template',
    'debian-12',
    ...services,
    '--wait',
    '-o',
    'json',
  );
  expect(created.stderr).toContain('✓');
  expect([created.code, created.code === 0 ? '' : created.stderr]).toEqual([0, '']);
  expect(JSON.parse(created.stdout)).toMatchObject({ hostname: 'cli1', state: 'CONTAINER_STATE_RUNNING' });

  expect((await berth('container', 'list')).stdout).toMatch(/cli1 +running/);
  expect((await berth('container', 'get', 'local/cli1', '-o', 'yaml')).stdout).toContain('hostname: cli1');
  const updated = await berth('container', 'update', 'local/cli1', '--memory-mib', '256', '--wait', '-o', 'json');
  expect(JSON.parse(updated.stdout)).toMatchObject({ memoryMib: 256 });
  expect((await berth('container', 'stop', 'local/cli1', '--wait')).code).toBe(0);
  expect((await berth('container', 'get', 'local/cli1')).stdout).toMatch(/State: +stopped/);
  expect((await berth('container', 'start', 'local/cli1', '--wait')).code).toBe(0);
  expect((await berth('container', 'delete', 'local/cli1', '--wait')).code).toBe(0);
  expect((await berth('container', 'get', 'local/cli1')).code).toBe(1);
});

test('a failed create ends with exit code 1, the reason, and nothing left', async () => {
  const failed = await berth('container', 'create', 'cli2', '--site', 'local', '--template', 'no-such', '--wait');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('no-such');
  expect((await berth('container', 'list', '-o', 'json')).stdout.trim()).toBe('[]');
});

test('a wrong field is named', async () => {
  const refused = await berth('container', 'create', 'Bad_Name', '--site', 'local', '--template', 'debian-12');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('container.hostname');
});

test.each(['site', 'node', 'agent', 'operation'])('berth %s list answers in every format', async (noun) => {
  for (const format of ['table', 'json', 'yaml']) expect((await berth(noun, 'list', '-o', format)).code).toBe(0);
});

test('curl speaks JSON', async () => {
  const headers = ['-H', `Authorization: Bearer ${lab.api.token}`, '-H', 'Content-Type: application/json'];
  const url = `${lab.api.url}/berth.api.v1.SitesService/GetSite`;
  const { stdout } = await run('curl', '-s', '--cacert', lab.api.caFile, ...headers, '-d', '{"site":"local"}', url);
  expect(JSON.parse(stdout)).toMatchObject({ site: { name: 'local' } });
});

test('buf curl finds the API by reflection', async () => {
  const auth = ['--cacert', lab.api.caFile, '-H', `Authorization: Bearer ${lab.api.token}`];
  const methods = await run('buf', 'curl', ...auth, lab.api.url, '--list-methods');
  expect(methods.stdout).toContain('berth.api.v1.ContainersService/CreateContainer');
  const got = await run(
    'buf',
    'curl',
    ...auth,
    '-d',
    '{"site":"local"}',
    `${lab.api.url}/berth.api.v1.SitesService/GetSite`,
  );
  expect(JSON.parse(got.stdout)).toMatchObject({ site: { name: 'local' } });
});
