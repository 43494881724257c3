import { X509Certificate } from 'node:crypto';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../store/store.ts';
import { type Authority, checkCsr, openAuthority } from './ca.ts';
import { keepServerCertificate } from './server-certificate.ts';
import { keyAndCsr } from './test-client.ts';
import { memoryStore } from './test-site.ts';

const DAY_MS = 86_400_000;

let clock: VirtualClock;
let store: Store;
let authority: Authority;

beforeEach(async () => {
  clock = new VirtualClock();
  store = await memoryStore(clock);
  authority = await openAuthority(store);
});

afterEach(() => store.close());

function chainOf(pem: string): X509Certificate[] {
  return pem.split(/(?=-----BEGIN)/).map((part) => new X509Certificate(part));
}

test('is made once, however many open it, and kept with its key sealed', async () => {
  const [one, two] = await Promise.all([openAuthority(store), openAuthority(store)]);
  expect(one.fingerprint()).toBe(authority.fingerprint());
  expect(two.bundlePem).toBe(authority.bundlePem);
  const row = await store.db
    .selectFrom('settings')
    .selectAll()
    .where('name', '=', 'fleet.authority')
    .executeTakeFirst();
  expect(row?.value).toBe(authority.bundlePem.trimEnd());
  expect(Buffer.from(row?.secret_box ?? []).toString('latin1')).not.toContain('PRIVATE KEY');
});

test('two that start at once on a fresh database agree on one', async () => {
  const fresh = await memoryStore(clock);
  const [one, two] = await Promise.all([openAuthority(fresh), openAuthority(fresh)]);
  expect(one.fingerprint()).toBe(two.fingerprint());
  await fresh.close();
});

test('is a root for ten years whose fingerprint is that of the chain’s end', async () => {
  const { chainPem } = await authority.issueServer(['localhost'], DAY_MS);
  const [, root] = chainOf(chainPem);
  expect(root?.ca).toBe(true);
  expect(root?.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(authority.fingerprint());
  expect(Date.parse(root?.validTo ?? '')).toBeGreaterThan(clock.now() + 3_640 * DAY_MS);
});

test('signs server certificates for names and addresses', async () => {
  const { chainPem, notAfter } = await authority.issueServer(['berth.example', '127.0.0.1', '::1'], DAY_MS);
  const [leaf, root] = chainOf(chainPem);
  expect(leaf?.subjectAltName).toBe('DNS:berth.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  expect(leaf?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(leaf?.ca).toBe(false);
  expect(root && leaf?.verify(root.publicKey)).toBe(true);
  expect(Date.parse(leaf?.validTo ?? '')).toBe(notAfter);
});

test('signs agents’ certificates for a day, for clients only', async () => {
  const { csrPem } = await keyAndCsr();
  const { chainPem, serial, notAfter } = await authority.issueClient(await checkCsr(csrPem), 'agt-one');
  const [leaf] = chainOf(chainPem);
  expect(leaf?.subject).toBe('CN=agt-one');
  expect(leaf?.subjectAltName).toBe('URI:urn:berth:agent:agt-one');
  expect(leaf?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(leaf?.serialNumber.toLowerCase()).toBe(serial);
  expect(notAfter).toBe(clock.now() + DAY_MS);
  expect(Date.parse(leaf?.validFrom ?? '')).toBeLessThan(clock.now());
});

test('refuses requests that are none, are forged, or have a key of another kind', async () => {
  const refused = { code: 'invalid_argument', reason: 'bad_csr', violations: [{ field: 'csr_pem' }] };
  await expect(checkCsr('')).rejects.toMatchObject(refused);
  await expect(checkCsr('x'.repeat(20_000))).rejects.toMatchObject(refused);
  const { csrPem } = await keyAndCsr();
  const der = Buffer.from(csrPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
  await expect(checkCsr(forged)).rejects.toMatchObject(refused);
  const other = await keyAndCsr({ name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' });
  await expect(checkCsr(other.csrPem)).rejects.toMatchObject(refused);
});

test('the server’s certificate is renewed with a new key long before its end', async () => {
  const seen: string[] = [];
  const kept = await keepServerCertificate({
    authority,
    clock,
    random: () => 0.5,
    names: ['localhost'],
    onError: fail,
  });
  const first = kept.current();
  kept.onChange(({ keyPem }) => seen.push(keyPem));
  await clock.advance(17 * DAY_MS);
  expect(kept.current()).toBe(first);
  await clock.advance(4 * DAY_MS);
  await expect.poll(() => seen).toHaveLength(1);
  expect(kept.current().keyPem).toBe(seen[0]);
  expect(kept.current().notAfter).toBeGreaterThan(first.notAfter);
  kept.stop();
});

test('a renewal that fails is tried again', async () => {
  const errors: unknown[] = [];
  let broken = false;
  const shaky: Authority = {
    ...authority,
    issueServer: (...args) => (broken ? Promise.reject(new Error('no')) : authority.issueServer(...args)),
  };
  const options = { authority: shaky, clock, random: () => 0, names: ['localhost'] };
  const kept = await keepServerCertificate({ ...options, onError: (error) => errors.push(error) });
  const first = kept.current();
  broken = true;
  await clock.advance(18 * DAY_MS + 1_000);
  expect(errors).toHaveLength(1);
  broken = false;
  await clock.advance(61_000);
  await expect.poll(() => kept.current()).not.toBe(first);
  kept.stop();
});

function fail(error: unknown): never {
  throw error;
}
