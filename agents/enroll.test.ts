import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EnrollRequest, EnrolmentService } from '@berth/proto/agent/v1/enrolment_pb.js';
import { Role } from '@berth/proto/agent/v1/session_pb.js';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EnrolOptions, enrol } from './enroll.ts';
import { IdentityStore } from './shared/identity.ts';
import { TestAuthority } from './shared/testing/authority.ts';
import { Pkcs10CertificateRequest } from './shared/x509.ts';

let stateDir: string;
let authority: TestAuthority;
let server: Server;
let requests: EnrollRequest[];
let answer: (request: EnrollRequest) => void;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'berth-enrol-'));
  authority = await TestAuthority.create();
  requests = [];
  answer = () => {};
  const { keyPem: key, chainPem: cert } = await authority.issue();
  server = createServer(
    { key, cert, minVersion: 'TLSv1.3' },
    connectNodeAdapter({ routes: (router) => router.service(EnrolmentService, { enroll }) }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(stateDir, { recursive: true, force: true });
});

async function enroll(request: EnrollRequest) {
  requests.push(request);
  answer(request);
  const now = Date.now();
  const chainPem = await authority.sign(request.csrPem, { notBeforeMs: now, notAfterMs: now + 3_600_000 });
  return { agentId: 'agt-1', chainPem, caBundlePem: authority.pem, sessionAddress: 'h:8444', serverName: 'h' };
}

function options(more: Partial<EnrolOptions> = {}): EnrolOptions {
  const { port } = server.address() as AddressInfo;
  const defaults = {
    token: 'token-1',
    caSha256: authority.fingerprint,
    roles: ['nginx', 'dnsmasq'] as const,
    stateDir,
  };
  return { server: `https://127.0.0.1:${port}`, ...defaults, ...more };
}

describe('enrol', () => {
  it('finds the authority by its fingerprint and stores the identity', async () => {
    const identity = await enrol(options({ caSha256: authority.fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:') }));
    expect(identity).toMatchObject({ agentId: 'agt-1', sessionAddress: 'h:8444', caBundlePem: authority.pem });
    expect(await new IdentityStore(stateDir).read()).toEqual(identity);
    expect(requests[0]).toMatchObject({ token: 'token-1', roles: [Role.NGINX, Role.DNSMASQ] });
  });

  it('sends no token to a server without that authority', async () => {
    const other = await TestAuthority.create();
    await expect(enrol(options({ caSha256: other.fingerprint }))).rejects.toThrow('wrong server or wrong fingerprint');
    expect(requests).toEqual([]);
  });

  it('does not take the leaf of a stranger for trusted because the authority is shown beside it', async () => {
    const other = await TestAuthority.create();
    const { keyPem: key, chainPem } = await other.issue();
    server.setSecureContext({ key, cert: `${chainPem}\n${authority.pem}` });
    await expect(enrol(options())).rejects.toThrow();
    expect(requests).toEqual([]);
  });

  it('does not accept a server under another name', async () => {
    const server = options().server.replace('127.0.0.1', '127.0.0.2');
    await expect(enrol(options({ server }))).rejects.toThrow();
    expect(requests).toEqual([]);
  });

  it('repeats a lost enrolment with the same key, and takes a new one for a new token', async () => {
    answer = () => {
      throw new ConnectError('gone', Code.Unavailable);
    };
    await expect(enrol(options())).rejects.toThrow('refuses: gone');
    answer = () => {};
    const identity = await enrol(options());
    expect(await enrol(options())).toEqual(identity);
    await enrol(options({ token: 'token-2' }));
    const after = await new IdentityStore(stateDir).read();
    expect(after?.keyPem).not.toBe(identity.keyPem);
    const keys = requests.map(({ csrPem }) => new Pkcs10CertificateRequest(csrPem).publicKey.toString('hex'));
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it.each([
    [{ server: 'http://berth.example:8443' }, 'is not an https URL'],
    [{ server: 'nonsense' }, 'is not an https URL'],
    [{ caSha256: 'abc' }, 'must be 64 hexadecimal digits'],
    [{ server: 'https://127.0.0.1:1' }, 'cannot be reached'],
  ])('says what is wrong with %j', async (wrong, message) => {
    await expect(enrol(options(wrong))).rejects.toThrow(message);
  });
});
