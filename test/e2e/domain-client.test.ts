// Domains, certificates and ACME accounts by the berth command: made, proven or not, uploaded, given away, removed.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import { issueCertificate } from '../support/issued-certificate.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
let lab: LocalLab;
let files: string;

beforeAll(async () => {
  [lab, files] = await Promise.all([createLocalLab(), mkdtemp(join(tmpdir(), 'berth-domain-'))]);
});

afterAll(async () => {
  await lab?.destroy();
  await rm(files, { recursive: true, force: true });
});

function berth(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { url: BERTH_URL, token: BERTH_TOKEN, caFile: BERTH_CA } = lab.api;
  const env = { ...process.env, BERTH_URL, BERTH_TOKEN, BERTH_CA };
  return new Promise((resolve) => {
    execFile(join(REPOSITORY, 'control-plane/cli/berth'), args, { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await berth(...args, '-o', 'json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

test('an account is made for a directory, and shows no secret', async () => {
  await writeFile(join(files, 'hmac'), `${'A'.repeat(43)}\n`);
  const binding = ['--eab-key-id', 'kid-1', '--eab-hmac-key-file', join(files, 'hmac')];
  const directory = ['--directory', 'letsencrypt-staging', '--agree-to-terms'];
  const made = await json('acme-account', 'create', 'harbour', ...directory, ...binding);
  expect(made).toMatchObject({ name: 'harbour', termsAgreed: true, eabKeyId: 'kid-1', eabHmacKey: '' });
  await json('acme-account', 'update', 'harbour', '--email', 'ops@example.org');
  expect((await berth('acme-account', 'list')).stdout).toMatch(/harbour +https:\S+ +ops@example.org +no +0/);
});

test('a domain is made, changed, given away and taken back', async () => {
  const made = await json('domain', 'create', 'apps.example', '--site', 'local', '--certificates', 'self-signed');
  expect(made).toMatchObject({ verified: true, hstsMaxAgeSeconds: 31_536_000 });
  const order = ['--certificates', 'acme', '--acme-account', 'harbour'];
  const refused = await berth('domain', 'update', 'apps.example', ...order);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('is needed for DNS-01')]);
  await json('domain', 'update', 'apps.example', '--access', 'granted');
  expect(await json('domain', 'grant', 'apps.example', 'group:sysadmins')).toMatchObject({
    grants: [{ group: 'sysadmins' }],
  });
  expect((await berth('domain', 'get', 'apps.example')).stdout).toMatch(/Given to: +group:sysadmins/);
  expect(await json('domain', 'withdraw', 'apps.example', 'group:sysadmins')).toMatchObject({ grants: [] });
});

test('a certificate is uploaded, shown and refused to be renewed', async () => {
  const issued = await issueCertificate({ dnsNames: ['apps.example', '*.apps.example'], now: Date.now() });
  const [chain, key] = [join(files, 'chain.pem'), join(files, 'key.pem')];
  await Promise.all([writeFile(chain, issued.chainPem), writeFile(key, issued.keyPem)]);
  const uploaded = await json('certificate', 'upload', 'apps.example', '--chain', chain, '--key', key);
  expect(uploaded).toMatchObject({ issuer: 'Harbour CA 1', state: 'CERTIFICATE_STATE_VALID' });
  expect((await berth('certificate', 'list', 'apps.example')).stdout).toMatch(/apps\.example +valid +Harbour CA 1/);
  expect((await berth('certificate', 'get', 'apps.example', '-o', 'yaml')).stdout).toContain('serial: 0badcafe');
  expect((await berth('certificate', 'renew', uploaded.id)).stderr).toContain('upload another instead');
  expect((await berth('domain', 'list')).stdout).toMatch(/apps\.example +the site +granted +uploaded: 1 valid/);
});

test('a custom domain says how to prove it, and why it is not proven', async () => {
  const brought = await json('domain', 'create', 'nobody.invalid', '--site', 'local', '--custom');
  expect(brought.proof).toMatchObject({ txtName: '_berth.nobody.invalid' });
  const { code, stdout, stderr } = await berth('domain', 'verify', 'nobody.invalid');
  expect([code, stderr]).toEqual([1, expect.stringContaining('the ownership is not proven')]);
  expect(stdout).toMatch(/Found instead: +TXT record _berth\.nobody\.invalid/);
  expect((await berth('domain', 'delete', 'nobody.invalid')).code).toBe(0);
  expect((await berth('domain', 'delete', 'apps.example')).code).toBe(0);
  expect((await berth('acme-account', 'delete', 'harbour')).code).toBe(0);
});
