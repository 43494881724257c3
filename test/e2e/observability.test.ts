// What an administrator sees of a running installation from outside: one call from the page to the agent's log, figures,
// and whether it is alive and ready.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationState, OperationsService } from '@berth/proto/api/v1/operations_pb.js';
import { TokenScope, TokensService } from '@berth/proto/api/v1/tokens_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import { faultsOf } from '../support/metrics-text.ts';
import { waitFor } from '../support/wait-for.ts';

let lab: LocalLab;

beforeAll(async () => {
  lab = await createLocalLab();
});
afterAll(() => lab?.destroy());

type Line = Record<string, unknown>;

/** The lines of a part's log that carry a request id. */
function linesOf(part: 'cp' | 'dns' | 'web' | 'pve', requestId: string): Line[] {
  const text = readFileSync(join(lab.directory, `${part}.log`), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => line.requestId === requestId);
}

/** Sends a page's form as a browser that is signed in as the administrator. */
function submit(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  const { pagesUrl, token } = lab.api;
  return fetch(`${pagesUrl}${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    headers: { origin: pagesUrl, cookie: `berth=${token}`, ...headers },
  });
}

/** Reads a page or its events until a text is there. @throws when they end without */
async function shownAt(url: string, text: string): Promise<void> {
  const page = await fetch(url, { headers: { cookie: `berth=${lab.api.token}` } });
  let seen = '';
  for await (const chunk of page.body ?? []) {
    seen += Buffer.from(chunk).toString();
    if (seen.includes(text)) return;
  }
  throw new Error(`${url} does not show ${text}`);
}

const CONTAINER = { site: 'local', template: 'debian-12', cores: '1', memory_mib: '128', disk_gib: '1', key: 'one' };

test('a form sent on a page is found under one number in every log, up to the agents', async () => {
  const sent = await submit('/containers/new', { ...CONTAINER, hostname: 'followed' });
  expect(sent.status).toBe(303);
  const requestId = sent.headers.get('x-request-id') ?? '';
  expect(requestId).toMatch(/^req-/);

  const client = createClient(OperationsService, lab.api.transport);
  const operation = await waitFor(async () => {
    const { operations } = await client.listOperations({});
    return operations.find((one) => one.requestId === requestId && one.state === OperationState.SUCCEEDED);
  });
  const page = `${lab.api.pagesUrl}${sent.headers.get('location')}`;
  await shownAt(`${page}/events`, requestId);
  await shownAt(`${lab.api.pagesUrl}/audit`, requestId);

  const own = linesOf('cp', requestId);
  expect(own).toContainEqual(
    expect.objectContaining({ msg: 'page', method: 'POST', route: '/containers/new', status: 303 }),
  );
  expect(own).toContainEqual(
    expect.objectContaining({ msg: 'operation ended', operation: operation.id, state: 'succeeded' }),
  );
  const sentCommands = own.filter(({ msg }) => msg === 'command sent').map(({ command }) => command);
  const done = await waitFor(() => {
    const ended = linesOf('pve', requestId).filter(({ msg }) => msg === 'command ended');
    return ended.length >= 2 ? ended : undefined;
  });
  expect(done.map(({ task, ok }) => [task, ok])).toEqual(
    expect.arrayContaining([
      ['createGuest', true],
      ['startGuest', true],
    ]),
  );
  for (const { command } of done) expect(sentCommands).toContain(command);
});

test('a caller may name his call himself, in plain words only', async () => {
  const ask = (name: string) => fetch(`${lab.api.pagesUrl}/sign-in`, { headers: { 'x-request-id': name } });
  expect((await ask('ticket-4711.a')).headers.get('x-request-id')).toBe('ticket-4711.a');
  expect((await ask('<b>no</b>')).headers.get('x-request-id')).toMatch(/^req-[0-9a-z]+$/);
  const call = await fetch(`${lab.api.pagesUrl}/berth.api.v1.AuthService/WhoAmI`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json', 'x-request-id': 'ticket-4712', authorization: 'Bearer nobody' },
  });
  expect([call.status, call.headers.get('x-request-id')]).toEqual([401, 'ticket-4712']);
  await waitFor(() => linesOf('cp', 'ticket-4712').length > 0);
  expect(linesOf('cp', 'ticket-4712')).toEqual([
    expect.objectContaining({ msg: 'call', rpc: 'AuthService.WhoAmI', code: 'unauthenticated', via: 'api' }),
  ]);
});

test('figures are for administrators, and say how the installation is', async () => {
  const { pagesUrl, token, transport } = lab.api;
  const scrape = (query = '', bearer = token) =>
    fetch(`${pagesUrl}/metrics${query}`, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });
  expect((await scrape('', '')).status).toBe(401);
  expect((await scrape('', 'nobody')).status).toBe(401);
  const made = async (scope: TokenScope) =>
    (await createClient(TokensService, transport).createApiToken({ name: 'prometheus', scope })).token;
  const bearer = await made(TokenScope.METRICS);
  expect((await scrape('', await made(TokenScope.READ))).status).toBe(200);
  const refused = await fetch(`${pagesUrl}/berth.api.v1.SitesService/ListSites`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
  });
  expect(refused.status).toBe(403);

  const answer = await scrape('', bearer);
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await answer.text();
  expect(text).toContain('berth_containers{site="local",state="running"} 1');
  for (const agent of ['dns', 'web', 'pve']) {
    expect(text).toContain(`berth_agent_connected{site="local",agent="${agent}"} 1`);
  }
  expect(text).toMatch(/berth_operations_total\{kind="container.create",state="succeeded"\} 1/);
  expect(text).toMatch(/berth_config_propagation_seconds_count\{phase="running"\} [1-9]/);
  expect(faultsOf(text)).toEqual([]);

  const told = [
    /berth_agent_resident_memory_bytes\{site="local",agent="web"\} [1-9]/,
    /berth_agent_applies_total\{site="local",agent="dns",role="dnsmasq",result="running"\} [1-9]/,
    /berth_nginx_reloads_total\{site="local",agent="web",result="served"\} [1-9]/,
    /berth_nginx_workers\{site="local",agent="web"\} [1-9]/,
    /berth_nginx_requests_total\{site="local",agent="web"\} [1-9]/,
    /berth_dnsmasq_restarts_total\{site="local",agent="dns"\} [1-9]/,
    /berth_pve_requests_total\{site="local",agent="pve",result="answered"\} [1-9]/,
    /berth_pve_tasks_total\{site="local",agent="pve",result="succeeded"\} [1-9]/,
  ];
  // They come with heartbeats.
  await waitFor(async () => {
    const reported = await (await scrape('?part=replica')).text();
    for (const figure of told) expect(reported).toMatch(figure);
    return true;
  });

  const [own, stored] = [await (await scrape('?part=replica')).text(), await (await scrape('?part=store')).text()];
  expect(own).not.toContain('berth_containers');
  expect(stored).not.toContain('process_cpu_seconds_total');
  expect((await scrape('?part=other')).status).toBe(400);
});

test('alive and ready are said to everybody, why not to administrators alone', async () => {
  const { pagesUrl, token } = lab.api;
  expect(await (await fetch(`${pagesUrl}/livez`)).text()).toBe('alive\n');
  const ready = await fetch(`${pagesUrl}/readyz`, { headers: { authorization: 'Bearer nobody' } });
  expect([ready.status, await ready.text()]).toEqual([200, 'ready\n']);
  const details = await fetch(`${pagesUrl}/readyz`, { headers: { authorization: `Bearer ${token}` } });
  const { checks } = (await details.json()) as { checks: { name: string; ok: boolean }[] };
  expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['process', true],
    ['store', true],
    ['change feed', true],
    ['operations', true],
  ]);
});
