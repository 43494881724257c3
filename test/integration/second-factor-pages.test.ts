/** Second factors in a real browser: codes, a passkey on Chromium's virtual authenticator, recovery codes, sessions. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '@berth/control-plane/auth/password.ts';
import { totpCode } from '@berth/control-plane/auth/totp.ts';
import { readConfig } from '@berth/control-plane/config.ts';
import { type Replica, startReplica } from '@berth/control-plane/context.ts';
import { loadMasterKey } from '@berth/control-plane/master-key.ts';
import { SYSADMINS } from '@berth/control-plane/store/built-in-groups.ts';
import { addGroupMember } from '@berth/control-plane/store/groups.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import { insertUser } from '@berth/control-plane/store/users.ts';
import { systemClock } from '@berth/proto/contract/clock.ts';
import pino from 'pino';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';

const PASSWORD = 'nine lives of the harbour cat';
const lines: string[] = [];
const secrets: string[] = [PASSWORD];

let directory: string;
let replica: Replica;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let url: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-factors-'));
  const [api, pages, agents] = [await freePort(), await freePort(), await freePort()];
  const config = readConfig({
    BERTH_STATE_DIR: directory,
    BERTH_LISTEN: `127.0.0.1:${api}`,
    BERTH_PLAIN_LISTEN: `127.0.0.1:${pages}`,
    BERTH_AGENT_LISTEN: `127.0.0.1:${agents}`,
    BERTH_LOG_LEVEL: 'debug',
  });
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  replica = await startReplica(config, log as Parameters<typeof startReplica>[1]);
  const store = await openStore({
    url: config.databaseUrl,
    masterKey: loadMasterKey(config.masterKeyFile),
    clock: systemClock,
  });
  const password_hash = await hashPassword(PASSWORD);
  for (const username of ['ada', 'grace']) {
    await store.transaction((tx) =>
      insertUser(tx, {
        id: `usr-${username}`,
        username,
        display_name: '',
        email: null,
        password_hash,
        status: 'active',
        created_at: tx.now,
      }),
    );
  }
  await store.transaction((tx) => addGroupMember(tx, SYSADMINS.id, { userId: 'usr-ada' }));
  await store.close();
  url = `http://localhost:${pages}`;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
});

afterAll(async () => {
  await browser?.close();
  await replica?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function photograph(name: string): Promise<void> {
  const target = process.env.BERTH_TEST_SCREENSHOTS;
  if (!target) return;
  await page.screenshot({ path: `${target}/${name}.png`, fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: `${target}/${name}-phone.png`, fullPage: true });
  await page.setViewportSize({ width: 1280, height: 720 });
}

async function enterPassword(on: Page, username: string): Promise<void> {
  await on.goto(`${url}/sign-in?next=/account/security`);
  await on.getByLabel('Login name').fill(username);
  await on.getByLabel('Password').fill(PASSWORD);
  await on.getByRole('button', { name: 'Sign in' }).click();
}

const press = (name: string) => page.getByRole('button', { name }).click();
const signOut = async () => {
  await press('Sign out');
  await page.waitForURL('**/sign-in');
};
// A passkey is registered by a script, which sends the form when the key has answered: the click does not wait for it.
const codesShown = async () => {
  await page.getByRole('link', { name: 'I have kept them' }).waitFor();
  return page.locator('.codes code').allInnerTexts();
};

let recovery: string[];

test('one-time codes are set up by a QR code, and asked for from the next sign-in on', async () => {
  await enterPassword(page, 'ada');
  await photograph('security-empty');
  await press('Set up one-time codes');
  await page.getByRole('img', { name: 'The key as a QR code' }).waitFor();
  const secret = ((await page.locator('.command').textContent()) ?? '').trim();
  secrets.push(secret);
  await photograph('totp-setup');
  await page.getByRole('textbox', { name: 'Code' }).fill('000000');
  await press('Set up');
  await page.getByText('is not the present one').first().waitFor();
  const at = Date.now();
  await page.getByRole('textbox', { name: 'Code' }).fill(totpCode(secret, at));
  await press('Set up');
  recovery = await codesShown();
  expect(recovery).toHaveLength(10);
  secrets.push(...recovery);
  await photograph('recovery-codes');

  await page.getByRole('link', { name: 'I have kept them' }).click();
  await signOut();
  await enterPassword(page, 'ada');
  await page.getByRole('heading', { name: 'Second step' }).waitFor();
  await photograph('second-step');
  // It was taken at the set-up already.
  await page.getByRole('textbox', { name: 'Code' }).fill(totpCode(secret, at));
  await press('Sign in');
  await page.getByText('The code is wrong, or was used already.').waitFor();
  await page.getByRole('textbox', { name: 'Code' }).fill(totpCode(secret, at + 30_000));
  await press('Sign in');
  await page.getByText('with a second factor').waitFor();
});

test('a recovery code lets in once', async () => {
  await signOut();
  for (const works of [true, false]) {
    await enterPassword(page, 'ada');
    await page.getByRole('textbox', { name: 'Code' }).fill(recovery[0]?.toUpperCase().replaceAll('-', ' ') ?? '');
    await press('Sign in');
    if (works) {
      await page.getByText('9 of 10 are left').waitFor();
      await signOut();
    } else await page.getByText('The code is wrong, or was used already.').waitFor();
  }
});

test('a passkey is registered, and used at the next sign-in', async () => {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: false },
  });
  await enterPassword(page, 'grace');
  await press('Add a passkey');
  await page.getByLabel('Name').fill('Key on my ring');
  await photograph('passkey-new');
  await press('Register');
  secrets.push(...(await codesShown()));
  await page.getByRole('link', { name: 'I have kept them' }).click();
  expect(await page.locator('input[name=name]').inputValue()).toBe('Key on my ring');
  await photograph('security-passkey');
  await signOut();
  await enterPassword(page, 'grace');
  await press('Use a passkey');
  await page.getByText('with a second factor').waitFor();
});

test('a session ended elsewhere is at an end at once', async () => {
  const elsewhere = await (await browser.newContext()).newPage();
  await enterPassword(elsewhere, 'ada');
  await elsewhere.getByRole('textbox', { name: 'Code' }).fill(recovery[1] ?? '');
  await elsewhere.getByRole('button', { name: 'Sign in' }).click();
  await elsewhere.getByText('8 of 10 are left').waitFor();
  await signOut();
  await enterPassword(page, 'ada');
  await page.getByRole('textbox', { name: 'Code' }).fill(recovery[2] ?? '');
  await press('Sign in');
  await press('End all others');
  await page.getByRole('button', { name: 'End all others' }).waitFor({ state: 'detached' });
  await elsewhere.goto(`${url}/account/security`);
  await elsewhere.waitForURL('**/sign-in?next=**');
  await elsewhere.context().close();
});

test('the API takes a token, never a cookie', async () => {
  const status = await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/berth.api.v1.AuthService/WhoAmI', { method: 'POST', headers, body: '{}' })).status;
  });
  expect(status).toBe(401);
});

test('an administrator takes away the factors of somebody who has lost them', async () => {
  await page.goto(`${url}/people/usr-grace`);
  await page.getByRole('link', { name: 'Second factors and sessions' }).click();
  await page.getByText('Key on my ring').waitFor();
  await photograph('person-security');
  await press('Remove their second factors');
  await page.getByText('Key on my ring').waitFor({ state: 'detached' });
  await page.getByText('None.').waitFor();
});

test('nothing of it stands in the log at level debug, or in the database', async () => {
  const cookies = await context.cookies();
  secrets.push(...cookies.map(({ value }) => value).filter(Boolean));
  expect(secrets.length).toBeGreaterThan(20);
  const kept = await Promise.all(
    ['berth.db', 'berth.db-wal'].map((name) => readFile(join(directory, name), 'latin1').catch(() => '')),
  );
  for (const secret of secrets) {
    for (const [where, text] of [
      ['log', lines.join('')],
      ['database', kept.join('')],
    ] as const) {
      expect(text.includes(secret), `${where} holds ${secret.slice(0, 4)}…`).toBe(false);
    }
  }
});
