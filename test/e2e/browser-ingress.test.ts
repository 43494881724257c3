/**
 * Apps behind the ingress, as people use them: a real Chromium through the real nginx over HTTP/2, signed in by Berth.
 * Nothing here waits for a time to pass: what must be so after a change is asked for by the very next request.
 */
import { AccessService, ContainerRole } from '@berth/proto/api/v1/access_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState } from '@berth/proto/api/v1/operations_pb.js';
import { UsersService } from '@berth/proto/api/v1/people_pb.js';
import { SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { createClient } from '@connectrpc/connect';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import { agentsSettled } from '../lab/site-setup.ts';
import { photograph, startChromium } from '../support/chromium.ts';
import { waitFor } from '../support/wait-for.ts';
import { ended } from './support/containers.ts';
import { type DemoApp, demoApp } from './support/demo-app.ts';

const PASSWORD = 'a lantern in the harbour';
const MIB = 1 << 20;
const UPLOAD_MIB = 1_024;
const DOWNLOAD_MIB = 256;

let lab: LocalLab;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const apps = new Map<string, DemoApp>();
const containers = new Map<string, string>();
let uploads = 0;

const addressOf = (name: string, path = '/') => `https://${name}.apps.localhost:${lab.ports.https}${path}`;

beforeAll(async () => {
  const guestPage = (name: string) => {
    const app = demoApp(name);
    apps.set(name, app);
    return app.server;
  };
  [lab, browser] = await Promise.all([createLocalLab({ guestPage }), startChromium()]);
  await createClient(UsersService, lab.api.transport).createUser({ user: { username: 'mia' }, password: PASSWORD });
  await Promise.all([
    makeApp('wiki', SignInRequirement.MEMBERS),
    makeApp('notes', SignInRequirement.ANYBODY),
    makeApp('blog', SignInRequirement.UNSPECIFIED),
  ]);
  context = await browser.newContext({ ignoreHTTPSErrors: true });
  page = await context.newPage();
});

afterAll(async () => {
  await browser?.close();
  await lab?.destroy();
});

async function makeApp(hostname: string, require: SignInRequirement): Promise<void> {
  const http = { host: `${hostname}.apps.localhost`, options: { signIn: { require } } };
  const answer = await createClient(ContainersService, lab.api.transport).createContainer({
    container: {
      site: lab.site.id,
      hostname,
      template: 'debian-12',
      services: [{ internalPort: lab.ports.guestHttp, exposure: { case: 'http', value: http } }],
    },
  });
  const { state, error } = await ended(lab.api.transport, answer.operation?.id ?? '');
  expect([state, error]).toEqual([OperationState.SUCCEEDED, '']);
  containers.set(hostname, answer.container?.id ?? '');
}

const access = () => createClient(AccessService, lab.api.transport);
const mia = { holder: { case: 'user' as const, value: 'mia' } };
const admit = () =>
  access().setMember({ container: containers.get('wiki') ?? '', holder: mia, role: ContainerRole.VIEWER });
const withdraw = () => access().removeMember({ container: containers.get('wiki') ?? '', holder: mia });

/** Status of what a script of the page open now asks of its own app. */
const statusOf = (path = '/', on = page) => on.evaluate(async (url) => (await fetch(url)).status, path);

/** What a WebSocket of the page open now hears when it says something. */
const echoed = (text: string) =>
  page.evaluate(
    ([url = '', said = '']) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => socket.send(said);
        socket.onmessage = ({ data }) => resolve(data);
        socket.onerror = () => resolve('refused');
      }),
    [addressOf('wiki', '/socket').replace('https', 'wss'), text],
  );

describe('sign-in before an app', () => {
  test('leads to Berth, takes the password there, and comes back to the page that was wanted', async () => {
    await admit();
    await page.goto(addressOf('wiki', '/deep/page?q=1&r=2'));
    await page.waitForURL(`${lab.api.url}/sign-in**`);
    await photograph(page, 'app-sign-in');
    await page.getByLabel('Login name').fill('mia');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(addressOf('wiki', '/deep/page?q=1&r=2'));
    await page.getByRole('heading', { name: 'This is wiki' }).waitFor();
    const protocol = 'performance.getEntriesByType("navigation")[0].nextHopProtocol';
    expect(await page.evaluate(protocol)).toBe('h2');
  });

  test('tells the app who comes, and shows it nothing that would let it come elsewhere', async () => {
    await context.addCookies([{ name: 'own', value: '1', url: addressOf('wiki') }]);
    const forged = { headers: { 'x-user': 'admin', 'x-groups': 'sysadmins' } };
    const told = await page.evaluate(async (init) => (await fetch('/told', init)).json(), forged);
    expect(told).toMatchObject({
      'x-user': 'mia',
      'x-preferred-username': 'mia',
      'x-groups': 'ldapusers',
      cookie: 'own=1',
    });
    const names = (await context.cookies(addressOf('wiki'))).map(({ name }) => name);
    expect(names).toContain('__Host-berth-app');
  });

  test('lets into a second app without a password, and shows both', async () => {
    await page.goto(addressOf('notes'));
    await page.getByRole('heading', { name: 'This is notes' }).waitFor();
    await page.goto(`${lab.api.url}/account/apps`);
    for (const name of ['wiki', 'notes']) await page.getByRole('link', { name: `${name}.apps.localhost` }).waitFor();
    await photograph(page, 'apps');
  });

  test('tells who may not come why', async () => {
    await withdraw();
    await page.goto(addressOf('wiki'));
    await page.getByRole('heading', { name: '403 Forbidden' }).waitFor();
    const stranger = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await stranger.goto(addressOf('wiki'));
    await stranger.getByLabel('Login name').fill('mia');
    await stranger.getByLabel('Password').fill(PASSWORD);
    await stranger.getByRole('button', { name: 'Sign in' }).click();
    await stranger.getByText('You may not come to wiki.apps.localhost').waitFor();
    await photograph(stranger, 'app-not-let-in');
    await stranger.context().close();
    await admit();
  });
});

// Chromium gives up what is under way when an address of the machine changes, as it does while a lab beside makes its
// network; a person would press the button again.
describe('an app that is open in the browser', { retry: 2 }, () => {
  test('speaks by a WebSocket', async () => {
    await page.goto(addressOf('wiki'));
    expect(await echoed('ahoy')).toBe('ahoy');
  });

  test('gets a gigabyte as it is sent: it has the first bytes before the last are there', {
    timeout: 120_000,
  }, async () => {
    uploads += 1;
    const id = uploads;
    const total = await page.evaluate(
      async ([mib = 0, size = 0, id = 0]) => {
        const chunk = new Uint8Array(size);
        let sent = 0;
        const seen = async () => Number(await (await fetch(`/seen?id=${id}`)).text());
        const body = new ReadableStream({
          async pull(controller) {
            // Half of it waits until the app itself says that something has come.
            if (sent === mib / 2) while ((await seen()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
            controller.enqueue(chunk);
            sent += 1;
            if (sent === mib) controller.close();
          },
        });
        const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
        return (await fetch(`/upload?id=${id}`, init)).text();
      },
      [UPLOAD_MIB, MIB, id],
    );
    expect(total).toBe(String(UPLOAD_MIB * MIB));
    expect(apps.get('wiki')?.seen.uploads.get(String(id))).toBe(UPLOAD_MIB * MIB);
  });

  test('sends a large file', async () => {
    const bytes = await page.evaluate(async (mib) => {
      const { body } = await fetch(`/download?mib=${mib}`);
      let length = 0;
      const reader = body?.getReader();
      for (let part = await reader?.read(); part?.value; part = await reader?.read()) length += part.value.length;
      return length;
    }, DOWNLOAD_MIB);
    expect(bytes).toBe(DOWNLOAD_MIB * MIB);
  });

  test('sends events one by one, each as it happens', async () => {
    const events = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const heard: string[] = [];
          const source = new EventSource('/events');
          source.onmessage = ({ data }) => {
            heard.push(data);
            if (heard.length === 3) {
              source.close();
              resolve(heard);
            }
            // The next one happens only because this one has arrived.
            else fetch(`/say?what=after-${data}`);
          };
        }),
    );
    expect(events).toEqual(['first', 'after-first', 'after-after-first']);
  });
});

describe('access that ends while a page is open', () => {
  test('ends for the next request when somebody is no member any more', async () => {
    await page.goto(addressOf('wiki'));
    expect(await statusOf()).toBe(200);
    await withdraw();
    expect(await statusOf()).toBe(403);
    expect(await echoed('ahoy')).toBe('refused');
    await admit();
    expect(await statusOf()).toBe(200);
  });

  test('ends in one app when its visitor signs out there', async () => {
    const notes = await context.newPage();
    await notes.goto(addressOf('notes'));
    expect(await statusOf('/', notes)).toBe(200);
    const other = await context.newPage();
    await other.goto(addressOf('notes', '/.berth/sign-out'));
    await photograph(other, 'app-sign-out');
    await other.getByRole('button', { name: 'Sign out of this app' }).click();
    await other.getByRole('heading', { name: 'Signed out' }).waitFor();
    expect(await statusOf('/', notes)).toBe(401);
    expect(await statusOf()).toBe(200);
    // The Berth session lives, so the way back in needs no password.
    await notes.reload();
    await notes.getByRole('heading', { name: 'This is notes' }).waitFor();
    await notes.close();
    await other.close();
  });

  test('ends in all apps with the session at Berth', async () => {
    const berth = await context.newPage();
    await berth.goto(`${lab.api.url}/account`);
    await berth.getByRole('button', { name: 'Sign out' }).click();
    await berth.waitForURL('**/sign-in');
    expect(await statusOf()).toBe(401);
    await page.goto(addressOf('notes'));
    await page.waitForURL(`${lab.api.url}/sign-in**`);
    await berth.close();
  });

  test('is not let in by anybody while the control plane is away, and other apps are served', async () => {
    await lab.controlPlane.stop();
    const response = await page.goto(addressOf('wiki'));
    expect([response?.status(), response?.headers()['retry-after']]).toEqual([503, '5']);
    await page.getByText('nobody is let in').waitFor();
    await photograph(page, 'app-sign-in-unavailable');
    await page.goto(addressOf('blog'));
    await page.getByRole('heading', { name: 'This is blog' }).waitFor();
    await lab.controlPlane.start();
    await waitFor(async () => (await page.goto(addressOf('wiki')))?.status() === 200, { what: 'the way to Berth' });
    await page.waitForURL(`${lab.api.url}/sign-in**`);
    await agentsSettled(lab.api.transport, 3);
  });
});
