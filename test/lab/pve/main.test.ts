import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { TEST_SECRET, TEST_TEMPLATE, TEST_TOKEN } from './test-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'pve-main-'));
const configFile = join(directory, 'config.json');
const tls = { certFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
let running: ChildProcess | undefined;

interface Answer {
  status: number;
  reason: string;
  data: unknown;
}

beforeAll(() => {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', tls.keyFile, '-out', tls.certFile];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, ...files], {
    stdio: 'ignore',
  });
  const config = {
    listen: { host: '127.0.0.1', port: 0 },
    tls,
    stateDir: join(directory, 'state'),
    backend: 'memory',
    nodes: [{ name: 'pve1' }, { name: 'pve2' }],
    templates: { [TEST_TEMPLATE]: '' },
    tokens: [TEST_TOKEN],
    authDelayMs: 0,
  };
  writeFileSync(configFile, JSON.stringify(config));
});
afterAll(() => {
  running?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function startSimulator(): Promise<{ child: ChildProcess; port: number }> {
  const args = [join(import.meta.dirname, 'main.ts'), '--config', configFile];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  running = child;
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const match = await waitFor(() => /^pve simulator ready (\d+)$/m.exec(output));
  return { child, port: Number(match[1]) };
}

async function ask(port: number, method: string, path: string, body = ''): Promise<Answer> {
  const headers = {
    authorization: `PVEAPIToken=${TEST_TOKEN.id}=${TEST_SECRET}`,
    ...(body && { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
  };
  const ca = readFileSync(tls.certFile);
  const sent = request({ host: '127.0.0.1', port, path: `/api2/json${path}`, method, headers, ca });
  sent.end(body);
  const [response] = await once(sent, 'response');
  const received = await text(response);
  const data = received === '' ? undefined : (JSON.parse(received) as { data: unknown }).data;
  return { status: response.statusCode, reason: response.statusMessage, data };
}

test('serves HTTPS with the reason in the status line, survives a kill with its guests, and ends on SIGTERM', async () => {
  const first = await startSimulator();
  expect(await ask(first.port, 'GET', '/nodes/pve1/lxc/999/config')).toMatchObject({
    status: 500,
    reason: "Configuration file 'nodes/pve1/lxc/999.conf' does not exist",
  });
  const form = new URLSearchParams({ vmid: '101', ostemplate: TEST_TEMPLATE, start: '1', hostname: 'web1' });
  expect((await ask(first.port, 'POST', '/nodes/pve2/lxc', form.toString())).status).toBe(200);
  const running101 = { status: 200, data: expect.objectContaining({ name: 'web1', status: 'running' }) };
  await waitFor(async () => {
    const { data } = await ask(first.port, 'GET', '/nodes/pve2/lxc/101/status/current');
    return (data as { status: string }).status === 'running';
  });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');

  const second = await startSimulator();
  expect(await ask(second.port, 'GET', '/nodes/pve2/lxc/101/status/current')).toMatchObject(running101);
  second.child.kill('SIGTERM');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
});

test('refuses a config file that is wrong, naming the field', async () => {
  const wrong = join(directory, 'wrong.json');
  writeFileSync(wrong, JSON.stringify({ nodes: [] }));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--config', wrong], { stdio: 'pipe' });
  expect(await text(child.stderr)).toContain('→ at nodes');
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
});
