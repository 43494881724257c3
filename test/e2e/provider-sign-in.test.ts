// Signing in with a real OpenID provider in a real browser: set up, made, found again, linked, unlinked, refused.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program } from '../lab/program.ts';
import { becomeAdministrator, LAB_ADMINISTRATOR } from '../lab/site-setup.ts';
import { freePort } from '../support/free-port.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';

const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
};

const REPOSITORY = join(import.meta.dirname, '../..');

let directory: string;
let controlPlane: Program;
let url: string;
/** The administrator's, for the command line. */
let token: string;
let provider: IdentityProvider;
let browser: Browser;
/** The administrator's browser; it has been at no provider before. */
let admin: Page;
/** Somebody who has never been here. */
let grace: Page;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-provider-'));
  const [port, agents] = [await freePort(), await freePort()];
  url = `https://localhost:${port}`;
  controlPlane = new Program({
    name: 'control plane',
    command: process.execPath,
    args: ['control-plane/main.ts'],
    env: {
      BERTH_STATE_DIR: directory,
      BERTH_LISTEN: `127.0.0.1:${port}`,
      BERTH_AGENT_LISTEN: `127.0.0.1:${agents}`,
      BERTH_SERVER_NAMES: 'localhost,127.0.0.1',
      BERTH_PUBLIC_URL: url,
    },
    logFile: join(directory, 'control-plane.log'),
    ready: /control plane ready/,
  });
  [provider, browser] = await Promise.all([
    startIdentityProvider([`${url}/sign-in/with/corp/back`]),
    chromium.launch(CHROMIUM),
    controlPlane.start(),
  ]);
  provider.people.set('hopper', { preferred_username: 'grace', name: 'Grace Hopper' });
  provider.people.set('boss', { preferred_username: 'boss' });
  const ca = await readFile(join(directory, 'ca.pem'), 'utf8');
  token = await becomeAdministrator(transportTo(url, { ca }), join(directory, 'setup-code'));
  [admin, grace] = await Promise.all([(await visitor()).newPage(), (await visitor()).newPage()]);
});

afterAll(async () => {
  await browser?.close();
  await provider?.stop();
  await controlPlane?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A browser of its own, which takes our authority's certificate for granted. */
function visitor(): Promise<BrowserContext> {
  return browser.newContext({ ignoreHTTPSErrors: true });
}

async function photograph(page: Page, name: string): Promise<void> {
  const folder = process.env.BERTH_TEST_SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** Runs `berth provider …` as the administrator. @returns what it prints */
async function berth(...args: string[]): Promise<string> {
  const env = { ...process.env, BERTH_URL: url, BERTH_TOKEN: token, BERTH_CA: join(directory, 'ca.pem') };
  const command = ['control-plane/cli/berth.ts', 'provider', ...args];
  return (await promisify(execFile)(process.execPath, command, { env, cwd: REPOSITORY })).stdout;
}

/** Signs in at the provider's own page. */
async function atProvider(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name at the provider').fill(name);
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('an administrator adds the provider, is told what is wrong at its field, and tests it', async () => {
  await admin.goto(url);
  await admin.getByLabel('Login name').fill(LAB_ADMINISTRATOR.username);
  await admin.getByLabel('Password').fill(LAB_ADMINISTRATOR.password);
  await admin.getByRole('button', { name: 'Sign in', exact: true }).click();
  await admin.goto(`${url}/providers/new`);
  await admin.getByLabel('Short name').fill('corp');
  await admin.getByLabel('Name on its button').fill('Corp');
  await admin.getByLabel('Issuer').fill('http://id.example.org');
  await admin.getByLabel('Client id').fill(provider.client.clientId);
  await admin.getByLabel('Client secret').fill(provider.client.clientSecret);
  await admin.getByLabel('People who have no account').selectOption('active');
  await admin.getByRole('button', { name: 'Add it' }).click();
  await admin.locator('#issuer[aria-invalid=true]').waitFor();
  expect(await admin.content()).not.toContain(provider.client.clientSecret);
  await photograph(admin, 'provider-refused');
  await admin.getByLabel('Issuer').fill(provider.issuer);
  await admin.getByLabel('Client secret').fill(provider.client.clientSecret);
  await admin.getByRole('button', { name: 'Add it' }).click();
  await admin.getByRole('heading', { name: 'Corp' }).waitFor();
  expect(await admin.content()).toContain(`${url}/sign-in/with/corp/back`);
  expect(await admin.content()).not.toContain(provider.client.clientSecret);
  await admin.getByRole('button', { name: 'Test' }).click();
  await admin.getByRole('row', { name: /Client id and secret.*good/ }).waitFor();
  await photograph(admin, 'provider-tested');
});

test('the command line adds, changes, tests and removes one as well', async () => {
  const secret = join(directory, 'secret.txt');
  await writeFile(secret, `${provider.client.clientSecret}\n`);
  const fields = ['--issuer', provider.issuer, '--client-id', 'berth', '--client-secret-file', secret];
  await berth(
    'create',
    'other',
    ...fields,
    '--groups-claim',
    'groups',
    '--map',
    'cn=staff=sysadmins',
    '--may-administer',
  );
  expect(await berth('test', 'other')).toMatch(/Client id and secret +good +accepted/);
  await berth('update', 'other', '--no-enabled', '--new-people', 'pending');
  const shown = JSON.parse(await berth('get', 'other', '-o', 'json')) as Record<string, unknown>;
  expect(shown).toMatchObject({
    enabled: false,
    clientSecret: '',
    newPeople: 'NEW_PEOPLE_PENDING',
    mayAdminister: true,
  });
  expect(shown.groupMappings).toMatchObject([{ value: 'cn=staff', groupName: 'sysadmins' }]);
  await berth('delete', 'other');
  expect(await berth('list')).not.toContain('other');
});

test('somebody new goes to the provider and back, and has an account', async () => {
  await grace.goto(`${url}/account/tokens`);
  await photograph(grace, 'sign-in-with');
  await grace.getByRole('button', { name: 'Sign in with Corp' }).click();
  await grace.getByRole('heading', { name: "The provider's own sign-in page" }).waitFor();
  await atProvider(grace, 'hopper');
  // Back where he wanted to go.
  await grace.waitForURL(`${url}/account/tokens`);
  await grace.getByRole('link', { name: 'grace' }).waitFor();
  const cookies = await grace.context().cookies(url);
  expect(cookies.map(({ name }) => name)).toEqual(['__Host-berth']);
});

test('the second time the provider knows him already, and Berth finds the same account', async () => {
  await grace.getByRole('button', { name: 'Sign out' }).click();
  await grace.getByRole('button', { name: 'Sign in with Corp' }).click();
  await grace.waitForURL(`${url}/containers`);
  await grace.getByRole('link', { name: 'grace' }).waitFor();
});

test('his only way to sign in cannot be unlinked', async () => {
  await grace.goto(`${url}/account/identities`);
  await grace.getByRole('button', { name: 'Unlink' }).click();
  await grace.getByText('your only way to sign in').waitFor();
  await photograph(grace, 'identity-kept');
});

test('an account that is there is linked, signs in with the provider, and is unlinked', async () => {
  await admin.goto(`${url}/account/identities`);
  await admin.getByRole('button', { name: 'Link to Corp' }).click();
  await atProvider(admin, 'boss');
  await admin.waitForURL(`${url}/account/identities`);
  await admin.getByRole('row', { name: /Corp.*boss/ }).waitFor();
  await photograph(admin, 'identity-linked');
  await admin.getByRole('button', { name: 'Sign out' }).click();
  await admin.getByRole('button', { name: 'Sign in with Corp' }).click();
  await admin.waitForURL(`${url}/containers`);
  await admin.getByRole('link', { name: LAB_ADMINISTRATOR.username }).waitFor();
  await admin.goto(`${url}/account/identities`);
  await admin.getByRole('button', { name: 'Unlink' }).click();
  await admin.getByText('linked to no identity provider').waitFor();
});

test('what came back once is refused when it comes again', async () => {
  const seen: string[] = [];
  grace.on('request', (request) => {
    if (request.url().includes('/sign-in/with/corp/back')) seen.push(request.url());
  });
  await grace.getByRole('button', { name: 'Sign out' }).click();
  await grace.getByRole('button', { name: 'Sign in with Corp' }).click();
  await grace.waitForURL(`${url}/containers`);
  const [back = ''] = seen;
  await grace.goto(back);
  await grace.getByText('This sign-in is over').waitFor();
  await photograph(grace, 'sign-in-over');
});

test('who goes back at the provider is told so, and can sign in with a password', async () => {
  const stranger = await (await visitor()).newPage();
  await stranger.goto(`${url}/sign-in`);
  await stranger.getByRole('button', { name: 'Sign in with Corp' }).click();
  await stranger.getByRole('button', { name: 'No, go back' }).click();
  await stranger.getByRole('alert').filter({ hasText: 'The person went back' }).waitFor();
  await photograph(stranger, 'sign-in-refused-by-provider');
});

test('with the provider gone the page says so, and the password still works', async () => {
  await provider.stop();
  await admin.goto(`${url}/providers/corp`);
  // Another client id, so that what is known of the provider is asked for anew.
  await admin.getByLabel('Client id').fill('another');
  await admin.getByRole('button', { name: 'Save' }).click();
  await admin.getByRole('button', { name: 'Sign out' }).click();
  await admin.getByRole('button', { name: 'Sign in with Corp' }).click();
  await admin.getByText('Corp cannot be reached').waitFor();
  await photograph(admin, 'provider-unreachable');
  await admin.getByLabel('Login name').fill(LAB_ADMINISTRATOR.username);
  await admin.getByLabel('Password').fill(LAB_ADMINISTRATOR.password);
  await admin.getByRole('button', { name: 'Sign in', exact: true }).click();
  await admin.getByRole('heading', { name: 'Containers' }).waitFor();
});
