/** The pages of services in a real browser: what is seen of one, its options, and another one. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ApiBench, openApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import { sharedContainer } from '@berth/control-plane/api/testing/shared-container.ts';
import { openSession } from '@berth/control-plane/auth/sessions.ts';
import { putBackendHealth } from '@berth/control-plane/store/backend-health.ts';
import { noteCondition } from '@berth/control-plane/store/conditions.ts';
import { BackendHealthSchema } from '@berth/proto/agent/v1/session_pb.js';
import { type Service, ServicesService, SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { createWeb } from '@berth/web/app.ts';
import { create } from '@bufbuild/protobuf';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { photograph, startChromium } from '../support/chromium.ts';

let bench: ApiBench;
let server: ServerType;
let browser: Browser;
let page: Page;
let url: string;
let container: string;

beforeAll(async () => {
  bench = await openApiBench();
  container = (await sharedContainer(bench)).id;
  const web = createWeb({ transportFor: ({ token }) => bench.transport(token), secure: false });
  server = createAdaptorServer({ fetch: web.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await startChromium();
  page = await pageOf(bench.site.owner.userId);
});
afterAll(async () => {
  await browser?.close();
  if (server && 'closeAllConnections' in server) server.closeAllConnections();
  server?.close();
  await bench?.close();
});

async function pageOf(userId: string): Promise<Page> {
  const from = { userAgent: 'test', address: '127.0.0.1' };
  const { token } = await bench.store.transaction((tx) => openSession(tx, userId, from));
  const context = await browser.newContext();
  await context.addCookies([{ name: 'berth', value: token, url }]);
  const opened = await context.newPage();
  opened.setDefaultTimeout(10_000);
  return opened;
}

async function services(): Promise<Service[]> {
  const client = await bench.client(ServicesService, bench.site.owner);
  return (await client.listServices({ container })).services;
}

const byHost = async (host: string) => {
  const found = (await services()).find(({ exposure }) => exposure.case === 'http' && exposure.value.host === host);
  if (found?.exposure.case !== 'http') throw new Error(`nothing serves ${host}`);
  return { ...found, http: found.exposure.value };
};

test('the container tells of each service whether its backend answers, in the words of whoever looked', async () => {
  const { id } = await byHost('web1.apps.lab');
  await page.goto(`${url}/containers/${container}`);
  const row = page.getByRole('row', { name: /web1\.apps\.lab/ });
  await row.getByText('not looked at').waitFor();
  const seen = { route: `${container}/${id}`, healthy: false, error: 'connect: connection refused' };
  await bench.store.transaction(async (tx) => {
    const { agents, siteId } = bench.site;
    await putBackendHealth(tx, { agentId: agents.nginx, siteId }, [create(BackendHealthSchema, seen)], true);
  });
  // Nobody reloads: the page follows.
  await row.getByText('connect: connection refused').waitFor();
  await photograph(page, 'container-services');
});

test('a service is served by the form, with what is wrong said at its field', async () => {
  await page.goto(`${url}/containers/${container}`);
  await page.getByRole('link', { name: 'Serve another port' }).click();
  await page.getByLabel('Port inside the container').fill('3000');
  await page.getByLabel('Name', { exact: true }).fill('shop.elsewhere.example');
  await page.getByLabel('Only below the path').fill('/shop');
  await page.getByLabel('Who must have signed in').selectOption('members');
  await page.getByLabel('Open paths').fill('/webhooks\n/a b');
  await page.getByRole('button', { name: 'Serve it' }).click();
  await page.getByText(/Line 2 must be like/).waitFor();
  await page.getByLabel('Open paths').fill('/webhooks');
  await page.getByRole('button', { name: 'Serve it' }).click();
  await page
    .getByText(/must be one label under an external domain/)
    .first()
    .waitFor();
  expect(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  await photograph(page, 'service-refused');
  await page.getByLabel('Name', { exact: true }).fill('shop.apps.lab');
  await page.getByRole('button', { name: 'Serve it' }).click();
  await page.getByRole('heading', { name: 'https://shop.apps.lab/shop' }).waitFor();
  const { internalPort, http } = await byHost('shop.apps.lab');
  expect(internalPort).toBe(3000);
  expect(http.options?.signIn).toMatchObject({ require: SignInRequirement.MEMBERS, openPaths: ['/webhooks'] });
});

test('every option is kept as it was typed, and shown again but for passwords', async () => {
  const { id } = await byHost('shop.apps.lab');
  await page.goto(`${url}/containers/${container}/services/${id}`);
  await page.getByLabel('Further names').fill('www.apps.lab\nsale.apps.lab');
  await page.getByLabel('Take this path off').check();
  for (const part of [
    'Passwords at the ingress',
    'By address',
    'Limits',
    'Headers, compression',
    'Health',
    'Maintenance',
  ]) {
    await page.getByText(part).first().click();
  }
  // Asked for two things at once, a browser could not tell which of them it lacks.
  await page.getByLabel('Who must have signed in').selectOption('nobody');
  await page.getByLabel('Open paths').fill('');
  await page.getByLabel('Name to add').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('six gulls!');
  await page.getByLabel('Only these addresses').fill('10.0.0.0/8');
  await page.getByLabel('Not these addresses').fill('10.9.0.0/16');
  await page.getByLabel('Largest request body').fill('10 MiB');
  await page.getByLabel('Seconds to wait').fill('60');
  await page.getByLabel('Requests a second').fill('10');
  await page.getByLabel('How many more at once').fill('20');
  await page.getByLabel('Headers of responses').fill('X-Frame-Options: DENY\nServer-Timing:');
  await page.getByLabel('Compress text').check();
  await page.getByLabel('Path to ask for').fill('/healthz');
  await page.getByLabel('What it says').fill('Back at nine.');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByLabel('ada may come').waitFor();
  await photograph(page, 'service');
  const { http } = await byHost('shop.apps.lab');
  expect(http.otherHosts).toEqual(['www.apps.lab', 'sale.apps.lab']);
  expect(http.options).toMatchObject({
    stripPath: true,
    gzip: true,
    allow: ['10.0.0.0/8'],
    deny: ['10.9.0.0/16'],
    maxBodyBytes: 10n << 20n,
    timeoutSeconds: 60,
    requestsPerSecond: 10,
    burst: 20,
    basicAuth: [{ name: 'ada', password: '' }],
    responseHeaders: [
      { name: 'X-Frame-Options', value: 'DENY' },
      { name: 'Server-Timing', value: '' },
    ],
    healthPath: '/healthz',
    maintenance: false,
    maintenanceText: 'Back at nine.',
    signIn: { require: SignInRequirement.UNSPECIFIED, openPaths: [] },
  });
  expect(await page.content()).not.toContain('six gulls');
  // Saved as it is shown, nothing changes.
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByLabel('ada may come').waitFor();
  expect((await byHost('shop.apps.lab')).http).toEqual(http);
});

test('what is set aside says why, in the words of nginx', async () => {
  const { id } = await byHost('shop.apps.lab');
  await page.goto(`${url}/containers/${container}/services/${id}`);
  const words = 'nginx: [emerg] invalid port in upstream <b>"10.64.1.0:0"</b>';
  const finding = { kind: 'quarantined', severity: 'error' as const, subject: `httpRoute ${container}/${id}` };
  await bench.store.transaction((tx) =>
    noteCondition(tx, bench.site.siteId, bench.site.agents.nginx, {
      ...finding,
      message: words,
      containerId: container,
    }),
  );
  await page.getByText(words).waitFor();
  await photograph(page, 'service-quarantined');
});

test('a TCP service is asked for by name, and goes again', async () => {
  await page.goto(`${url}/containers/${container}/services/new?kind=tcp`);
  await page.getByLabel('Port inside the container').fill('5432');
  await page.getByLabel('External port').fill('2500');
  await page.getByLabel('TLS').selectOption('terminate');
  await page.getByLabel('Name', { exact: true }).fill('db1.apps.lab');
  await page.getByRole('button', { name: 'Serve it' }).click();
  await page.getByRole('heading', { name: 'tls://db1.apps.lab:2500' }).waitFor();
  await page.getByRole('button', { name: 'Serve it no more' }).click();
  await page.getByRole('heading', { name: /web1/ }).waitFor();
  expect((await services()).map(({ url: address }) => address)).not.toContain('tls://db1.apps.lab:2500');
});

test('a new container gets a name right under a domain that one may use', async () => {
  await page.goto(`${url}/containers/new`);
  await page.getByLabel('Host name').fill('web2');
  await page.getByLabel('External name').fill('blog');
  await page.getByLabel('Under the domain').selectOption('apps.lab');
  await page.getByLabel('Who may open it').selectOption('members');
  await page.getByRole('button', { name: 'Create' }).click();
  await page
    .getByRole('row', { name: /https:\/\/blog\.apps\.lab\// })
    .getByText('its members')
    .waitFor();
});

test('whoever administers a site says what stands before its ingress', async () => {
  const ada = await pageOf(bench.site.administrator.userId);
  await ada.goto(`${url}/sites/${bench.site.siteId}`);
  await ada.getByRole('link', { name: 'Change what stands before' }).click();
  await ada.getByLabel('They begin every connection').check();
  await ada.getByRole('button', { name: 'Save' }).click();
  await ada.getByText('needs trusted_proxies, which send it', { exact: true }).waitFor();
  await ada.getByLabel('Load balancers in front').fill('10.66.0.0/28');
  await ada.getByLabel('People who may create containers').check();
  await ada.getByRole('button', { name: 'Save' }).click();
  await ada.getByText('10.66.0.0/28; every connection begins').waitFor();
  await photograph(ada, 'site-ingress');
});
