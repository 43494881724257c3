// Coming in by mail, in a real browser and with a real mail server: invited, registered and approved, and with a
// forgotten password. A control plane killed in the middle of it sends what it had promised.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LoneControlPlane, startLoneControlPlane } from '../lab/lone-control-plane.ts';
import { LAB_ADMINISTRATOR } from '../lab/site-setup.ts';
import { photograph, startChromium } from '../support/chromium.ts';
import { MAIL_LOGIN, type MailServer, startMailServer } from '../support/mail-server.ts';

const NORA = { email: 'nora@harbour.example', password: 'six gulls over the breakwater' };
const RUTH = { email: 'ruth@harbour.example', password: 'three tides before the fog' };

let berth: LoneControlPlane;
let mail: MailServer;
let browser: Browser;
let admin: Page;

beforeAll(async () => {
  [berth, mail, browser] = await Promise.all([startLoneControlPlane(), startMailServer(), startChromium()]);
  admin = await newWindow();
  await signIn(admin, LAB_ADMINISTRATOR.username, LAB_ADMINISTRATOR.password);
  await heading(admin, 'Containers');
});

afterAll(async () => {
  await browser?.close();
  await berth?.destroy();
  await mail?.stop();
});

async function newWindow(width = 1_200): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  context.setDefaultTimeout(15_000);
  return context.newPage();
}

async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.goto(`${berth.pagesUrl}/sign-in`);
  await page.getByLabel('Login name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();

/** The page that a mail's link leads to. Links name the TLS port; the browser knows the plain one. */
async function linkTo(email: string): Promise<string> {
  const { text } = await mail.next(email);
  const path = /https:\/\/\S+?(\/[a-z-]+\/bml_[\w-]{43})/.exec(text)?.[1];
  if (!path) throw new Error(`no link in: ${text}`);
  return berth.pagesUrl + path;
}

test('without mail an invitation is handed over, and the pages say so', async () => {
  await admin.getByRole('link', { name: 'People' }).click();
  await admin.getByRole('link', { name: 'Invitations' }).click();
  await admin.getByText('Mail is not set up').waitFor();
  await admin.getByLabel('E-mail address').fill('nobody@harbour.example');
  await admin.getByRole('button', { name: 'Invite' }).click();
  await admin.getByText(/https:\/\/\S+\/invitation\/bml_/).waitFor();
  await photograph(admin, 'invitation-handed-over');
  await admin.getByRole('button', { name: /Take back/ }).click();
  await admin.getByText('There are none.').waitFor();
});

test('mail is set up on a page, and tried', async () => {
  await admin.getByRole('link', { name: 'Settings', exact: true }).click();
  await admin.getByLabel('Mail server').fill('127.0.0.1');
  await admin.getByLabel('Port').fill(String(mail.port));
  await admin.getByLabel('User name').fill(MAIL_LOGIN.username);
  await admin.getByLabel('Password').fill(MAIL_LOGIN.password);
  await admin.getByLabel('Sender').fill('berth@harbour.example');
  await admin.getByLabel('Authority of its certificate').fill(mail.caPem);
  await admin.getByRole('button', { name: 'Save' }).nth(1).click();
  await admin.getByText('Saved.').waitFor();
  await admin.getByLabel('Send a test to').fill('ada@harbour.example');
  await admin.getByRole('button', { name: 'Send the test' }).click();
  await admin.getByText('The mail server took the mail').waitFor();
  await photograph(admin, 'settings');
  expect((await mail.next('ada@harbour.example')).secure).toBe(true);
  await admin.getByLabel('Anybody may register').check();
  await admin.getByRole('button', { name: 'Save' }).first().click();
  await admin.getByText('Saved.').waitFor();
});

test('who is invited follows the link, chooses a name, and is signed in', async () => {
  await admin.goto(`${berth.pagesUrl}/people/invitations`);
  await admin.getByLabel('E-mail address').fill(NORA.email);
  await admin.getByRole('button', { name: 'Invite' }).click();
  await admin.getByText('A mail is on its way').waitFor();
  const nora = await newWindow(400);
  await nora.goto(await linkTo(NORA.email));
  await photograph(nora, 'invitation-phone');
  await nora.getByLabel('Login name').fill('nora');
  await nora.getByLabel('Password').fill('short');
  await nora.getByRole('button', { name: 'Make the account' }).click();
  await nora.locator('#password[aria-invalid=true]').waitFor();
  await nora.getByLabel('Password').fill(NORA.password);
  await nora.getByRole('button', { name: 'Make the account' }).click();
  await heading(nora, 'Containers');
  await nora.getByRole('link', { name: 'nora' }).waitFor();
});

test('who registers shows his address to be his, waits for an administrator, and is let in', async () => {
  const ruth = await newWindow();
  await ruth.goto(`${berth.pagesUrl}/register`);
  await ruth.getByLabel('Login name').fill('ruth');
  await ruth.getByLabel('E-mail address').fill(RUTH.email);
  await ruth.getByLabel('Password').fill(RUTH.password);
  await photograph(ruth, 'register');
  await ruth.getByRole('button', { name: 'Ask for an account' }).click();
  await heading(ruth, 'Check your mail');
  await ruth.goto(await linkTo(RUTH.email));
  await ruth.getByRole('button', { name: 'Confirm the address' }).click();
  await heading(ruth, 'Almost there');
  await signIn(ruth, 'ruth', RUTH.password);
  await ruth.getByRole('alert').waitFor();
  await admin.goto(`${berth.pagesUrl}/people?status=pending`);
  await admin.getByRole('link', { name: 'ruth' }).click();
  await admin.getByRole('button', { name: /Approve|Let in/ }).click();
  await admin.waitForLoadState();
  await signIn(ruth, 'ruth', RUTH.password);
  await heading(ruth, 'Containers');
});

test('who has forgotten his password sets another, and his sessions end', async () => {
  const before = await newWindow();
  await signIn(before, 'nora', NORA.password);
  await heading(before, 'Containers');
  const nora = await newWindow();
  await nora.goto(`${berth.pagesUrl}/sign-in`);
  await nora.getByRole('link', { name: 'Forgotten your password?' }).click();
  await nora.getByLabel('Login name or e-mail address').fill('nora');
  await nora.getByRole('button', { name: 'Send the link' }).click();
  await heading(nora, 'Check your mail');
  const link = await linkTo(NORA.email);
  await nora.goto(link);
  await nora.getByLabel('Password').fill('eleven lamps along the quay');
  await nora.getByRole('button', { name: 'Set the password' }).click();
  await heading(nora, 'The new password holds');
  await before.goto(`${berth.pagesUrl}/containers`);
  await heading(before, 'Sign in');
  await signIn(before, 'nora', 'eleven lamps along the quay');
  await heading(before, 'Containers');
  await nora.goto(link);
  await nora.getByText('This link does not work any more').waitFor();
});

test('a control plane killed between sending and noting it sends again, with the same Message-ID', async () => {
  mail.faults.push('silent');
  await admin.goto(`${berth.pagesUrl}/people/invitations`);
  await admin.getByLabel('E-mail address').fill('late@harbour.example');
  await admin.getByRole('button', { name: 'Invite' }).click();
  await admin.getByText('A mail is on its way').waitFor();
  const first = await mail.next('late@harbour.example');
  await berth.program.stop('SIGKILL');
  await berth.program.start();
  const second = await mail.next('late@harbour.example');
  expect(second).toMatchObject({ subject: 'You are invited to Berth', messageId: first.messageId, text: first.text });
});

test('the log has seen no link and no password', () => {
  const log = berth.program.log();
  expect(log).toContain('control plane ready');
  for (const secret of ['bml_', NORA.password, RUTH.password, MAIL_LOGIN.password]) expect(log).not.toContain(secret);
});
