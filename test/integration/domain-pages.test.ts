// The pages of domains in a real browser: bring one, prove it, upload a certificate, give it away, with and without script.
import { type ApiBench, openApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import { openSession } from '@berth/control-plane/auth/sessions.ts';
import type { DomainVerdict } from '@berth/control-plane/dns/prove-domain.ts';
import { createWeb } from '@berth/web/app.ts';
import { type ServerType, serve } from '@hono/node-server';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { photograph, startChromium } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { issueCertificate } from '../support/issued-certificate.ts';

const NAME = 'shop.example.org';

let bench: ApiBench;
let server: ServerType;
let browser: Browser;
let url: string;
let olga: Page;
let verdict: DomainVerdict;

beforeAll(async () => {
  [bench, browser] = await Promise.all([openApiBench(), startChromium()]);
  verdict = { proven: false, by: null, reason: `TXT record _berth.${NAME}: there is none.` };
  bench.deps.proveDomain = async () => verdict;
  await bench.store.db.updateTable('sites').set({ custom_domains: 1 }).execute();
  const web = createWeb({ transportFor: ({ token }) => bench.transport(token), secure: false });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  server = serve({ fetch: web.fetch, hostname: '127.0.0.1', port });
  olga = await (await contextOf('olga')).newPage();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  await bench?.close();
});

async function contextOf(username: string, javaScriptEnabled = true): Promise<BrowserContext> {
  const user = await bench.store.db
    .selectFrom('users')
    .select('id')
    .where('username', '=', username)
    .executeTakeFirstOrThrow();
  const from = { userAgent: 'test', address: '127.0.0.1' };
  const { token } = await bench.store.transaction((tx) => openSession(tx, user.id, from));
  const context = await browser.newContext({ javaScriptEnabled });
  await context.addCookies([{ name: 'berth', value: token, url }]);
  return context;
}

test('somebody brings a domain, is told how to prove it, and why it is not proven yet', async () => {
  await olga.goto(`${url}/domains`);
  await olga.getByRole('link', { name: 'New domain' }).click();
  await olga.getByLabel('Name').fill('x.apps.lab');
  await olga.getByRole('button', { name: 'Make the domain' }).click();
  await olga.locator('#name[aria-invalid=true]').waitFor();
  await olga.getByLabel('Name').fill(NAME);
  await olga.getByRole('button', { name: 'Make the domain' }).click();
  await olga.getByRole('heading', { name: `Show that ${NAME} is yours` }).waitFor();
  expect(await olga.locator('ol').textContent()).toMatch(/_berth\.shop\.example\.org\.\s+TXT\s+"[\w-]{32}"/);
  await olga.getByRole('button', { name: 'Check now' }).click();
  await olga.getByText('there is none').first().waitFor();
  await photograph(olga, 'domain-proof');
  await olga.getByRole('button', { name: 'Check now' }).click();
  await olga.getByRole('alert').getByText('looked for just now').waitFor();
});

test('the page of whoever watches says by itself that it is proven', async () => {
  const watching = await (await contextOf('olga')).newPage();
  const id = olga.url().split('/')[4];
  await watching.goto(`${url}/domains/${id}`);
  await watching.getByRole('button', { name: 'Check now' }).waitFor();
  verdict = { proven: true, by: 'txt', reason: '' };
  await bench.clock.advance(10_000);
  await olga.goto(`${url}/domains/${id}`);
  await olga.getByRole('button', { name: 'Check now' }).click();
  await olga.getByRole('table', { name: 'Certificates' }).waitFor();
  await watching.getByRole('table', { name: 'Certificates' }).waitFor();
  await watching.close();
});

test('a certificate is uploaded; what is wrong with it stands at its field, and the key is not shown again', async () => {
  const issued = await issueCertificate({ dnsNames: [NAME, `*.${NAME}`], now: bench.clock.now() });
  const other = await issueCertificate({ dnsNames: ['other.example'], now: bench.clock.now() });
  const send = async (chain: string, key: string) => {
    if (!(await olga.getByLabel('Its private key, PEM').isVisible()))
      await olga.getByText('Upload a certificate').click();
    await olga.getByLabel('Certificate and those that signed it, PEM').fill(chain);
    await olga.getByLabel('Its private key, PEM').fill(key);
    await olga.getByRole('button', { name: 'Serve this certificate' }).click();
  };
  await send(other.chainPem, other.keyPem);
  await olga.locator('#chain_pem[aria-invalid=true]').waitFor();
  expect(await olga.locator('#chain_pem-hint').textContent()).toContain(`not for ${NAME}`);
  expect(await olga.getByLabel('Its private key, PEM').inputValue()).toBe('');
  await send(issued.chainPem, issued.keyPem);
  await olga.getByRole('cell', { name: 'Harbour CA 1' }).waitFor();
  await photograph(olga, 'domain-page');
});

test('settings that do not agree are refused at their field and keep what was chosen', async () => {
  await olga.getByLabel('Certificates are signed by').selectOption({ label: 'An authority, by ACME' });
  await olga.getByLabel('Browsers may build it in (preload)').check();
  await olga.getByRole('button', { name: 'Save' }).click();
  await olga.locator('#acme_account[aria-invalid=true]').waitFor();
  expect(await olga.getByLabel('Browsers may build it in (preload)').isChecked()).toBe(true);
  await olga.getByText('wants the names below, too').first().waitFor();
});

test('it is given away and taken back without any script', async () => {
  const context = await contextOf('olga', false);
  const plain = await context.newPage();
  await plain.goto(`${url}/domains`);
  await plain.getByRole('heading', { name: 'My domains' }).waitFor();
  await photograph(plain, 'domains');
  await plain.getByRole('link', { name: NAME }).click();
  await plain.getByLabel('Name', { exact: true }).fill('sam');
  await plain.getByRole('button', { name: 'Give', exact: true }).click();
  const sam = await (await contextOf('sam', false)).newPage();
  await sam.goto(plain.url());
  await sam.getByRole('heading', { name: NAME }).waitFor();
  expect(await sam.getByRole('button', { name: 'Save' }).count()).toBe(0);
  await plain.getByRole('button', { name: 'Take back from sam' }).click();
  await sam.reload();
  await sam.getByText('There is no domain').waitFor();
  await context.close();
});

test('an administrator makes an account to order certificates with', async () => {
  const ada = await (await contextOf('ada')).newPage();
  await ada.goto(`${url}/acme-accounts/new`);
  await ada.getByRole('combobox', { name: 'Directory' }).fill('letsencrypt-staging');
  await ada.getByLabel('Name', { exact: true }).fill('harbour');
  await ada.getByLabel('Key identifier').fill('kid-1');
  await ada.getByRole('button', { name: 'Make the account' }).click();
  await ada.locator('#eab_hmac_key[aria-invalid=true]').waitFor();
  await ada.getByLabel('Its HMAC key').fill('A'.repeat(43));
  await ada.getByRole('button', { name: 'Make the account' }).click();
  await ada.getByRole('link', { name: 'harbour' }).click();
  await ada.getByText('with its first order').waitFor();
  await photograph(ada, 'acme-account');
});
