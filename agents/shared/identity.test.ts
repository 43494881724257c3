import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newKey, requestFor } from './csr.ts';
import { IdentityStore, lifeOf } from './identity.ts';
import { renewalTime } from './renewal.ts';
import { TestAuthority } from './testing/authority.ts';
import { Pkcs10CertificateRequest } from './x509.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-identity-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('IdentityStore', () => {
  it('keeps an identity in one private file and ends an enrolment with it', async () => {
    const store = new IdentityStore(join(dir, 'state'));
    expect(await store.read()).toBeUndefined();
    await store.begin({ tokenHash: 'h', keyPem: 'k' });
    expect(await store.pending()).toEqual({ tokenHash: 'h', keyPem: 'k' });
    const identity = await (await TestAuthority.create()).identity('127.0.0.1:1');
    await store.write(identity);
    expect(await store.read()).toEqual(identity);
    expect(await store.pending()).toBeUndefined();
    expect((await stat(join(dir, 'state/identity.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'state'))).mode & 0o777).toBe(0o700);
  });
});

describe('requestFor', () => {
  it('signs a request with a P-256 key', async () => {
    const key = await newKey();
    expect(createPrivateKey(key).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    const request = new Pkcs10CertificateRequest(await requestFor(key));
    expect(await request.verify()).toBe(true);
    expect(new Pkcs10CertificateRequest(await requestFor(key)).publicKey.equal(request.publicKey)).toBe(true);
  });
});

describe('renewalTime', () => {
  const life = { notBeforeMs: 1_000, notAfterMs: 2_000 };

  it('lies between 60 and 75 % of the life', () => {
    expect(renewalTime(life, 0, () => 0)).toBe(1_600);
    expect(renewalTime(life, 0, () => 1)).toBe(1_750);
  });

  it('follows the control plane when it asks for an earlier time', () => {
    expect(renewalTime(life, 1_200, () => 0.5)).toBe(1_200);
    expect(renewalTime(life, 9_000, () => 0)).toBe(1_600);
    expect(renewalTime(life, 500, () => 0)).toBe(1_600);
  });

  it('reads the life of a certificate', async () => {
    const { chainPem } = await (await TestAuthority.create()).issue(3_600_000);
    const { notBeforeMs, notAfterMs } = lifeOf(chainPem);
    expect(notAfterMs - notBeforeMs).toBe(3_660_000);
  });
});
