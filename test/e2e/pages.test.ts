// The pages in a real browser: sign in, create, watch it come up without reloading, look at the agents, delete.
import { request } from 'node:https';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import { LAB_ADMINISTRATOR } from '../lab/site-setup.ts';
import { photograph as photographOf, startChromium } from '../support/chromium.ts';

let lab: LocalLab;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [lab, browser] = await Promise.all([createLocalLab(), startChromium()]);
  page = await browser.newPage();
});

afterAll(async () => {
  await browser?.close();
  await lab?.destroy();
});

const photograph = (name: string) => photographOf(page, name);

test('a wrong password is refused in words, the right one lets in', async () => {
  await page.goto(lab.api.pagesUrl);
  await page.waitForURL('**/sign-in**');
  await page.getByLabel('Login name').fill(LAB_ADMINISTRATOR.username);
  await page.getByLabel('Password').fill('certainly wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await photograph('sign-in-refused');
  await page.getByLabel('Password').fill(LAB_ADMINISTRATOR.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Containers' }).waitFor();
});

test('a form with a wrong field says so at the field and keeps what was typed', async () => {
  await page.goto(`${lab.api.pagesUrl}/containers/new`);
  await page.getByLabel('Host name').fill('Not A Name');
  await page.getByLabel('Description').fill('keeps me');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.locator('#hostname[aria-invalid=true]').waitFor();
  expect(await page.getByLabel('Description').inputValue()).toBe('keeps me');
  await photograph('form-error');
});

test('a container comes up before the eyes of whoever asked, and goes again', async () => {
  await page.getByLabel('Host name').fill('page1');
  await page.getByLabel('External name').fill('page1.apps.localhost');
  await page.getByLabel('Port of its web page').fill(String(lab.ports.guestHttp));
  await page.getByLabel('TCP ports').fill(String(lab.ports.guestTcp));
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'page1' }).waitFor();
  await page.locator('h1 .badge', { hasText: 'running' }).waitFor({ timeout: 60_000 });
  await photograph('container-running');
  expect(await fetchPage('page1.apps.localhost')).toContain('Hello from page1');

  await page.getByRole('link', { name: 'How people log in' }).click();
  await page.getByLabel('What answers for names').selectOption('nslcd');
  await page.getByRole('button', { name: 'Get a command', exact: true }).click();
  expect(await page.locator('.command').textContent()).toMatch(/^mkdir -p \/etc\/berth && .* --with nslcd$/);
  await photograph('container-logins');
  await page.getByRole('link', { name: 'page1', exact: true }).click();

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('It is gone').waitFor({ timeout: 60_000 });
  await photograph('container-gone');
});

test('the agents page shows what each holds and should hold', async () => {
  await page.goto(`${lab.api.pagesUrl}/agents`);
  const rows = page.locator('tbody tr');
  await expect.poll(() => rows.count()).toBe(3);
  for (const text of await rows.allInnerTexts()) expect(text).toContain('connected');
  await photograph('agents');
});

test('who has signed out is asked to sign in', async () => {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
  await page.goto(`${lab.api.pagesUrl}/containers`);
  await page.waitForURL('**/sign-in?next=%2Fcontainers');
});

function fetchPage(host: string): Promise<string> {
  const options = {
    host: '127.0.0.1',
    port: lab.ports.https,
    servername: host,
    headers: { host },
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const out = request(options, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(text);
    });
    out.on('error', reject);
    out.end();
  });
}
