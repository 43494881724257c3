// Sharing in a real browser: who is given a role sees the container and can do what the role says, and when it is
// taken away while his page is open, the page says so at once.

import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { UserStatus, UsersService } from '@berth/proto/api/v1/people_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import { LAB_ADMINISTRATOR } from '../lab/site-setup.ts';

const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
};
const UMA = { username: 'uma', password: 'nine lives of the harbour cat' };

let lab: LocalLab;
let browser: Browser;
let owner: Page;
let uma: Page;
let id: string;

beforeAll(async () => {
  [lab, browser] = await Promise.all([createLocalLab(), chromium.launch(CHROMIUM)]);
  const users = createClient(UsersService, lab.api.transport);
  await users.createUser({ user: { username: UMA.username, status: UserStatus.ACTIVE }, password: UMA.password });
  const containers = createClient(ContainersService, lab.api.transport);
  const { container } = await containers.createContainer({
    container: { site: lab.site.id, hostname: 'shared1', template: 'debian-12' },
  });
  id = container?.id ?? '';
  [owner, uma] = [await signedIn(LAB_ADMINISTRATOR), await signedIn(UMA)];
});

afterAll(async () => {
  await browser?.close();
  await lab?.destroy();
});

async function signedIn({ username, password }: { username: string; password: string }): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${lab.api.pagesUrl}/sign-in`);
  await page.getByLabel('Login name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Containers' }).waitFor();
  return page;
}

async function photograph(page: Page, name: string): Promise<void> {
  const directory = process.env.BERTH_TEST_SCREENSHOTS;
  if (!directory) return;
  for (const [size, width] of [['desktop', 1280] as const, ['phone', 390] as const]) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${directory}/${name}-${size}.png`, fullPage: true });
  }
}

test('a request reaches the owner, who grants it; then its sender sees the container', async () => {
  await uma.goto(`${lab.api.pagesUrl}/containers/${id}`);
  await uma.getByText('There is no container').waitFor();
  await uma.goto(`${lab.api.pagesUrl}/access`);
  await uma.getByLabel('Container').fill('local/shared1');
  await uma.getByLabel('As').selectOption('viewer');
  await uma.getByLabel('Why').fill('for the course');
  await uma.getByRole('button', { name: 'Ask' }).click();
  await uma.getByRole('heading', { name: 'What you asked for' }).waitFor();
  await photograph(uma, 'access');

  await owner.goto(`${lab.api.pagesUrl}/containers/${id}/members`);
  await owner.getByText('for the course').waitFor();
  await photograph(owner, 'members-request');
  await owner.getByRole('button', { name: 'Grant' }).click();
  await owner.getByRole('cell', { name: 'viewer' }).waitFor();

  await uma.goto(`${lab.api.pagesUrl}/containers/${id}`);
  await uma.getByRole('heading', { name: 'shared1' }).waitFor();
  const remove = uma.getByRole('button', { name: 'Delete' });
  expect(await remove.isDisabled()).toBe(true);
  expect(await remove.getAttribute('title')).toBe('You are viewer; this takes its owner.');
  await photograph(uma, 'container-viewer');
});

test('a changed role shows on the open page, and so does its end', async () => {
  await owner.getByLabel('Login name, or name of the group').fill('uma');
  await owner.getByLabel('As').selectOption('maintainer');
  await owner.getByRole('button', { name: 'Share' }).click();
  await uma.locator('tr', { hasText: 'uma' }).getByText('maintainer').waitFor();
  await owner.getByRole('button', { name: 'Remove uma' }).click();
  await uma.getByRole('heading', { name: 'You may not see this any more' }).waitFor({ timeout: 2_000 });
  await photograph(uma, 'access-ended');
  await uma.reload();
  await uma.getByText('There is no container').waitFor();
});

test('all of it stands in the audit log, which is searched and downloaded', async () => {
  await owner.goto(`${lab.api.pagesUrl}/audit`);
  await owner.getByLabel('To what').fill('local/shared1');
  await owner.getByLabel('What', { exact: true }).fill('container.');
  await owner.getByRole('button', { name: 'Search' }).click();
  await owner.getByText('container.unshare').waitFor();
  const actions = await owner.locator('tbody td.long code').allInnerTexts();
  expect(actions).toEqual(['container.unshare', 'container.share', 'container.create']);
  await photograph(owner, 'audit');
  const [download] = await Promise.all([owner.waitForEvent('download'), owner.getByText('Download all').click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString().trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).action)).toEqual(actions.reverse());
});

test('a site has administrators', async () => {
  await owner.goto(`${lab.api.pagesUrl}/sites`);
  await owner.getByRole('link', { name: 'local', exact: true }).click();
  await owner.getByLabel('Login name, or name of the group').fill('uma');
  await owner.getByRole('button', { name: 'Add' }).click();
  await owner.getByRole('button', { name: 'Remove uma' }).waitFor();
  await photograph(owner, 'site');
  await owner.getByRole('button', { name: 'Remove uma' }).click();
  await owner.getByText('Nobody besides them.').waitFor();
});
