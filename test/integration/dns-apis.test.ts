/** Providers behind HTTP APIs, against stand-ins that answer as the documentation of the real ones says. */
import type { AddressRecord, DnsDeps } from '@berth/control-plane/dns/dns-provider.ts';
import { openDnsProvider } from '@berth/control-plane/dns/open-dns-provider.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ACME_DNS_ACCOUNT,
  CLOUDFLARE_TOKEN,
  type FakeAcmeDns,
  type FakeCloudflare,
  type FakeWebhook,
  startFakeAcmeDns,
  startFakeCloudflare,
  startFakeWebhook,
  WEBHOOK_KEY,
} from '../support/dns-apis.ts';
import { freePort } from '../support/free-port.ts';
import { openDnsDeps, providerRow } from './dns-bench.ts';

let deps: DnsDeps;
const patience = () => AbortSignal.timeout(15_000);
const text = (fqdn: string, value: string) => ({ fqdn, value, ttlSeconds: 60 });
const record = (fqdn: string, change: Partial<AddressRecord> = {}): AddressRecord => {
  return { fqdn, type: 'A', value: '192.0.2.1', ttlSeconds: 300, ...change };
};

beforeAll(async () => {
  deps = await openDnsDeps('127.0.0.1:1');
});
afterAll(() => deps?.store.close());

describe('Cloudflare', () => {
  let cloudflare: FakeCloudflare;
  const open = (token = CLOUDFLARE_TOKEN, apiUrl = cloudflare.url) =>
    openDnsProvider(deps, providerRow(deps.store, 'cloudflare', { apiUrl }, token), '');
  const contents = (name: string) =>
    cloudflare.records.filter((each) => each.name === name).map(({ type, content }) => `${type} ${content}`);

  beforeAll(async () => {
    cloudflare = await startFakeCloudflare(['example.org', 'apps.example.org', 'elsewhere.example']);
  });
  beforeEach(() => {
    cloudflare.records.length = 0;
    cloudflare.faults.length = 0;
  });
  afterAll(() => cloudflare?.stop());

  it('puts two texts beside a foreign one on the longest zone, and takes away exactly its own', async () => {
    const fqdn = '_acme-challenge.apps.example.org';
    cloudflare.records.push({ id: 'theirs', type: 'TXT', name: fqdn, content: '"theirs"', ttl: 60, comment: null });
    const one = await open().addTxt(text(fqdn, 'one'), patience());
    const two = await open().addTxt(text(fqdn, 'two'), patience());
    expect(JSON.parse(one)).toMatchObject({ zone: 'zone-apps.example.org' });
    expect(await open().addTxt(text(fqdn, 'two'), patience())).toBe(two);
    expect(contents(fqdn)).toEqual(['TXT "theirs"', 'TXT "one"', 'TXT "two"']);
    await open().removeTxt(text(fqdn, 'one'), one, patience());
    await open().removeTxt(text(fqdn, 'one'), one, patience());
    await open().removeTxt(text(fqdn, 'two'), two, patience());
    expect(contents(fqdn)).toEqual(['TXT "theirs"']);
  });

  it('follows an alias to where a challenge was delegated', async () => {
    const name = '_acme-challenge.web.example.org';
    const alias = { id: 'alias', type: 'CNAME', name, content: 'web.elsewhere.example', ttl: 60, comment: null };
    cloudflare.records.push(alias);
    await open().addTxt(text(name, 'value'), patience());
    expect(contents('web.elsewhere.example')).toEqual(['TXT "value"']);
  });

  it('makes an address, changes it, makes it an alias, and takes it away', async () => {
    const fqdn = 'web.apps.example.org';
    await open().addresses?.put(record(fqdn), patience());
    await open().addresses?.put(record(fqdn, { value: '192.0.2.2' }), patience());
    expect(contents(fqdn)).toEqual(['A 192.0.2.2']);
    expect(await open().addresses?.find(fqdn, patience())).toEqual([{ type: 'A', value: '192.0.2.2', ours: true }]);
    await open().addresses?.put(record(fqdn, { type: 'CNAME', value: 'edge.example.org' }), patience());
    expect(contents(fqdn)).toEqual(['CNAME edge.example.org']);
    await open().addresses?.remove(record(fqdn), '', patience());
    expect(contents(fqdn)).toEqual(['CNAME edge.example.org']);
    await open().addresses?.remove(record(fqdn, { type: 'CNAME', value: 'edge.example.org' }), '', patience());
    expect(contents(fqdn)).toEqual([]);
  });

  it('leaves what others made, wherever it stands in the pages of a list', async () => {
    const fqdn = 'web.apps.example.org';
    const texts = ['a', 'b', 'c', 'd'].map((content) => ({
      id: content,
      type: 'TXT',
      name: fqdn,
      content,
      ttl: 60,
      comment: null,
    }));
    const theirs = { id: 'theirs', type: 'AAAA', name: fqdn, content: '2001:db8::7', ttl: 60, comment: 'by hand' };
    cloudflare.records.push(...texts, theirs);
    await expect(open().addresses?.put(record(fqdn), patience())).rejects.toMatchObject({ reason: 'foreign_record' });
    await open().addresses?.remove(record(fqdn, { type: 'AAAA' }), '', patience());
    expect(cloudflare.records).toContain(theirs);
  });

  it("tells what is refused in Cloudflare's words", async () => {
    const fqdn = 'web.example.org';
    await expect(open('wrong').addTxt(text(fqdn, 'x'), patience())).rejects.toMatchObject({
      code: 'failed_precondition',
      message: 'Cloudflare refuses: Invalid access token (9109)',
    });
    await expect(open().addTxt(text('web.nowhere.example', 'x'), patience())).rejects.toMatchObject({
      reason: 'dns_zone_not_found',
    });
    const errors = [{ code: 10000, message: 'PHP Warning', error_chain: [{ code: 971, message: 'Slow down' }] }];
    const body = { success: false, errors, messages: [], result: null };
    cloudflare.faults.push({ status: 429, body, headers: { 'retry-after': '17' } });
    await expect(open().addTxt(text(fqdn, 'x'), patience())).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Cloudflare cannot do it now: PHP Warning (10000); Slow down (971)',
      retryAfterSeconds: 17,
    });
    cloudflare.faults.push({ status: 502, body: '<html>Bad gateway</html>' });
    await expect(open().addTxt(text(fqdn, 'x'), patience())).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('carries its token to nobody else', async () => {
    cloudflare.faults.push({ status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } });
    await expect(open().addTxt(text('web.example.org', 'x'), patience())).rejects.toMatchObject({
      message: expect.stringMatching(/redirects elsewhere/),
    });
    const nobody = open(CLOUDFLARE_TOKEN, `http://127.0.0.1:${await freePort()}`);
    await expect(nobody.addTxt(text('web.example.org', 'x'), patience())).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^Cloudflare cannot be asked: connect ECONNREFUSED/),
    });
  });
});

describe('acme-dns', () => {
  let acmeDns: FakeAcmeDns;
  const open = (password = ACME_DNS_ACCOUNT.password) => {
    const { username, subdomain } = ACME_DNS_ACCOUNT;
    const settings = { apiUrl: acmeDns.url, username, subdomain };
    return openDnsProvider(deps, providerRow(deps.store, 'acme_dns', settings, password), '');
  };
  beforeAll(async () => {
    acmeDns = await startFakeAcmeDns();
  });
  afterAll(() => acmeDns?.stop());

  it('keeps the two values that a domain and its wildcard want', async () => {
    const [one, two] = ['A'.repeat(43), 'B'.repeat(43)];
    const handle = await open().addTxt(text('_acme-challenge.example.org', one), patience());
    await open().addTxt(text('_acme-challenge.example.org', two), patience());
    await open().removeTxt(text('_acme-challenge.example.org', one), handle, patience());
    expect(acmeDns.values).toEqual([two, one]);
    expect(open().addresses).toBeUndefined();
  });

  it('tells what is refused in its words', async () => {
    const adding = (password: string, value: string) =>
      open(password).addTxt(text('_acme-challenge.example.org', value), patience());
    await expect(adding('wrong', 'A'.repeat(43))).rejects.toMatchObject({
      message: expect.stringMatching(/refuses: forbidden \(status 401\)/),
    });
    await expect(adding(ACME_DNS_ACCOUNT.password, 'short')).rejects.toMatchObject({
      message: expect.stringMatching(/refuses: bad_txt \(status 400\)/),
    });
  });
});

describe('a webhook', () => {
  let webhook: FakeWebhook;
  const open = (key = WEBHOOK_KEY) =>
    openDnsProvider(deps, providerRow(deps.store, 'webhook', { url: webhook.url }, key), '');
  beforeAll(async () => {
    webhook = await startFakeWebhook();
  });
  afterAll(() => webhook?.stop());

  it('gets signed orders', async () => {
    const handle = await open().addTxt(text('_acme-challenge.example.org', 'value'), patience());
    await open().removeTxt(text('_acme-challenge.example.org', 'value'), handle, patience());
    await open().addresses?.put(record('web.example.org'), patience());
    const challenge = { type: 'TXT', name: '_acme-challenge.example.org', value: 'value', ttl: 60 };
    expect(webhook.orders).toEqual([
      { action: 'present', ...challenge, time: expect.any(String) },
      { action: 'remove', ...challenge, time: expect.any(String) },
      { action: 'present', type: 'A', name: 'web.example.org', value: '192.0.2.1', ttl: 300, time: expect.any(String) },
    ]);
  });

  it('tells what it refuses, cannot do, or does not own, in its words', async () => {
    const adding = (key?: string) => open(key).addTxt(text('a.example.org', 'x'), patience());
    await expect(adding('another key of some length')).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(/status 401\. Who are you\?/),
    });
    webhook.faults.push({ status: 503, body: 'The zone is\nbeing signed.' });
    await expect(adding()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/status 503\. The zone is being signed\./),
    });
    webhook.faults.push({ status: 409, body: 'an MX record' });
    await expect(open().addresses?.put(record('a.example.org'), patience())).rejects.toMatchObject({
      reason: 'foreign_record',
      message: 'a.example.org has an MX record, which Berth did not make. It is left alone.',
    });
  });
});
