// People, groups and one's own account in a real browser, and by the command line: an administrator makes somebody,
// who signs in, adds a key and changes the password; names that try to be HTML stay text.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { Code, createClient } from '@connectrpc/connect';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LoneControlPlane, startLoneControlPlane } from '../lab/lone-control-plane.ts';
import { LAB_ADMINISTRATOR } from '../lab/site-setup.ts';
import { photograph, startChromium } from '../support/chromium.ts';

const FIRST = 'lantern quartz meadow';
const OWN = 'copper violin harvest';
const HOSTILE = '"><script>document.title="evilmark"</script><b>Grace';

let berth: LoneControlPlane;
let browser: Browser;
/** The administrator's window, and Grace's. */
let admin: Page;
let grace: Page;
let keys: string;

beforeAll(async () => {
  keys = mkdtempSync(join(tmpdir(), 'berth-keys-'));
  [berth, browser] = await Promise.all([startLoneControlPlane(), startChromium()]);
  const window = () => browser.newContext({ viewport: { width: 1_200, height: 800 } });
  const contexts: BrowserContext[] = [await window(), await window()];
  for (const context of contexts) context.setDefaultTimeout(15_000);
  [admin, grace] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
});

afterAll(async () => {
  await browser?.close();
  await berth?.destroy();
  rmSync(keys, { recursive: true, force: true });
});

async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.goto(`${berth.pagesUrl}/sign-in`);
  await page.getByLabel('Login name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function isRefused(username: string, password: string): Promise<void> {
  const refused = createClient(AuthService, berth.transportOf('')).signIn({ username, password });
  await expect(refused).rejects.toMatchObject({ code: Code.Unauthenticated });
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();

async function berthCommand(...args: string[]): Promise<string> {
  const command = join(import.meta.dirname, '../../control-plane/cli/berth');
  const { url, caFile, token } = berth.api;
  const env = { ...process.env, BERTH_URL: url, BERTH_CA: caFile, BERTH_TOKEN: token };
  return (await promisify(execFile)(command, args, { env })).stdout;
}

test('a group and a person in it are made on the pages', async () => {
  await signIn(admin, LAB_ADMINISTRATOR.username, LAB_ADMINISTRATOR.password);
  await heading(admin, 'Containers');
  await admin.getByRole('link', { name: 'Groups' }).click();
  await admin.getByRole('link', { name: 'New group' }).click();
  await admin.getByLabel('Name').fill('sudo');
  await admin.getByLabel('What for').fill('keeps me');
  await admin.getByRole('button', { name: 'Make the group' }).click();
  await admin.locator('#name[aria-invalid=true]').waitFor();
  expect(await admin.getByLabel('What for').inputValue()).toBe('keeps me');
  await photograph(admin, 'group-refused');
  await admin.getByLabel('Name').fill('crew');
  await admin.getByRole('button', { name: 'Make the group' }).click();
  await heading(admin, 'crew');

  await admin.getByRole('link', { name: 'People' }).click();
  await admin.getByRole('link', { name: 'New person' }).click();
  await admin.getByLabel('Login name').fill('grace');
  await admin.getByLabel('Name', { exact: true }).fill(HOSTILE);
  await admin.getByLabel('E-mail address').fill('grace@example.org');
  await admin.getByLabel('First password').fill('Password123!');
  await admin.getByLabel('Group').selectOption('crew');
  await admin.getByRole('button', { name: 'Make the account' }).click();
  await admin.locator('#password[aria-invalid=true]').waitFor();
  await admin.getByLabel('First password').fill(FIRST);
  await admin.getByRole('button', { name: 'Make the account' }).click();
  await admin.getByRole('button', { name: 'Suspend' }).waitFor();
  expect(await admin.locator('h1').textContent()).toContain(HOSTILE);
  expect(await admin.title()).toBe('grace – Berth');
  await photograph(admin, 'person');
});

test('members are put into groups and taken out, and the last administrator stays', async () => {
  await admin.goto(`${berth.pagesUrl}/groups/crew`);
  await admin.getByLabel('One more person').fill('nobody');
  await admin.getByRole('button', { name: 'Put in' }).first().click();
  await admin.getByRole('alert').getByText('There is no user "nobody".').waitFor();
  await admin.getByLabel('One more person').fill(LAB_ADMINISTRATOR.username);
  await admin.getByRole('button', { name: 'Put in' }).first().click();
  await admin.getByRole('link', { name: 'admin', exact: true }).nth(1).waitFor();
  await admin.getByRole('button', { name: 'Take out admin' }).click();
  await expect.poll(() => admin.locator('.rows li').count()).toBe(1);
  await photograph(admin, 'group');
  await admin.goto(`${berth.pagesUrl}/groups/sysadmins`);
  await admin.getByRole('button', { name: 'Take out admin' }).click();
  await admin.getByRole('alert').getByText('nobody who can sign in would administer Berth').waitFor();
});

test('people are found by a part of their name', async () => {
  await admin.goto(`${berth.pagesUrl}/people`);
  await admin.getByLabel('Name or address').fill('EVILMARK');
  await admin.getByRole('button', { name: 'Search' }).click();
  await expect.poll(() => admin.locator('tbody tr').count()).toBe(1);
  expect(await admin.locator('tbody tr').textContent()).toContain(HOSTILE);
  await photograph(admin, 'people');
});

test('somebody new signs in and adds a key; what is no key is told apart', async () => {
  await signIn(grace, 'grace', FIRST);
  await heading(grace, 'Containers');
  expect(await grace.getByRole('link', { name: 'People' }).count()).toBe(0);
  await grace.getByRole('link', { name: 'grace' }).click();
  await heading(grace, /Grace/);
  await grace.getByRole('link', { name: 'SSH keys' }).click();
  const file = join(keys, 'id');
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'grace@navy', '-f', file]);
  await grace.getByLabel('Public key').fill(readFileSync(file, 'utf8'));
  await grace.getByRole('button', { name: 'Add the key' }).click();
  await grace.getByRole('alert').getByText('is a private key').waitFor();
  expect(await grace.getByLabel('Public key').inputValue()).toBe('');
  await photograph(grace, 'key-refused');
  await grace.getByLabel('Public key').fill(readFileSync(`${file}.pub`, 'utf8'));
  await grace.getByRole('button', { name: 'Add the key' }).click();
  const { stdout } = await promisify(execFile)('ssh-keygen', ['-l', '-f', `${file}.pub`]);
  await grace.getByText(stdout.split(' ')[1] ?? 'no fingerprint').waitFor();
  expect(await grace.locator('tbody tr').textContent()).toContain('grace@navy');
  await photograph(grace, 'keys');
});

test('a changed password holds at once and ends the other sessions', async () => {
  const elsewhere = createClient(AuthService, berth.transportOf(''));
  const { token } = await elsewhere.signIn({ username: 'grace', password: FIRST });
  await grace.goto(`${berth.pagesUrl}/account`);
  await grace.locator('#present_password').fill('certainly wrong');
  await grace.getByLabel('New password').fill(OWN);
  await grace.getByRole('button', { name: 'Change the password' }).click();
  await grace.locator('#present_password[aria-invalid=true]').waitFor();
  await grace.locator('#present_password').fill(FIRST);
  await grace.getByLabel('New password').fill(OWN);
  await grace.getByRole('button', { name: 'Change the password' }).click();
  await grace.getByRole('status').getByText('The new password holds from now on').waitFor();
  await photograph(grace, 'account');
  const other = createClient(AuthService, berth.transportOf(token)).whoAmI({});
  await expect(other).rejects.toMatchObject({ code: Code.Unauthenticated });
  await isRefused('grace', FIRST);
});

test('who is suspended is out with the next click, and nobody else is', async () => {
  await admin.goto(`${berth.pagesUrl}/people`);
  await admin.getByRole('link', { name: 'grace' }).click();
  await admin.getByRole('button', { name: 'Suspend' }).click();
  await admin.getByRole('button', { name: 'Let in again' }).waitFor();
  await grace.goto(`${berth.pagesUrl}/account`);
  await grace.waitForURL('**/sign-in**');
  await isRefused('grace', OWN);
  await admin.reload();
  await admin.getByText('suspended').waitFor();
});

test('a link that an administrator hands over sets a password', async () => {
  await admin.getByRole('button', { name: 'Let in again' }).click();
  await admin.getByRole('button', { name: 'Make a link to hand over' }).click();
  const link = new URL((await admin.getByRole('status').locator('code').textContent()) ?? '');
  await photograph(admin, 'reset-link');
  await grace.goto(`${berth.pagesUrl}${link.pathname}`);
  await grace.getByLabel('Password').fill(FIRST);
  await grace.getByRole('button', { name: 'Set the password' }).click();
  await heading(grace, 'The new password holds');
  await signIn(grace, 'grace', FIRST);
  await heading(grace, 'Containers');
});

test('the command line does the same', async () => {
  const [made, , link] = await Promise.all([
    berthCommand('user', 'create', 'hedy', '--no-password', '--group', 'crew', '-o', 'json'),
    berthCommand('group', 'create', 'deputies', '--description', 'Stand in'),
    berthCommand('user', 'reset-link', 'grace'),
  ]);
  expect(JSON.parse(made)).toMatchObject({ username: 'hedy', groups: ['crew'], hasPassword: false });
  expect(link).toMatch(/\/reset-password\/bml_[\w-]{43}/);
  const [, key] = await Promise.all([
    berthCommand('user', 'update', 'hedy', '--display-name', 'Hedy Lamarr', '--shell', '/bin/zsh'),
    berthCommand('key', 'add', join(keys, 'id.pub'), '--user', 'hedy', '-o', 'json'),
    berthCommand('group', 'add', 'crew', '--group', 'deputies'),
  ]);
  const [people, known, members] = await Promise.all([
    berthCommand('user', 'list', '--query', 'lamarr'),
    berthCommand('key', 'list', '--user', 'hedy'),
    berthCommand('group', 'members', 'crew'),
  ]);
  expect(people).toMatch(/hedy +Hedy Lamarr +20\d\d +active +crew/);
  expect(known).toContain(JSON.parse(key).fingerprint);
  expect(members).toMatch(/group +deputies[\s\S]*person +grace[\s\S]*person +hedy/);
  const ring = berthCommand('group', 'add', 'deputies', '--group', 'crew');
  const words = expect.stringContaining('deputies is within crew already');
  await expect(ring).rejects.toMatchObject({ code: 1, stderr: words });
});

test('every page fits on a phone', async () => {
  await admin.setViewportSize({ width: 390, height: 800 });
  for (const path of [
    '/people',
    '/people/new',
    '/people/grace',
    '/groups',
    '/groups/crew',
    '/account',
    '/account/keys',
  ]) {
    await admin.goto(`${berth.pagesUrl}${path}`);
    const tooWide = await admin.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(tooWide, path).toBe(0);
    await photograph(admin, `phone${path.replaceAll('/', '-')}`);
  }
});
