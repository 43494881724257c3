// Certificates on real parts: pebble asks the real nginx hosts, whose agents have what the control plane gives them.

import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { CertificateState, DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabAuthority, startLabAuthority } from '../lab/certificate-authority.ts';
import { addNginxHost, createLocalLab, type FurtherHost, type LocalLab } from '../lab/local-lab.ts';
import { makeSite } from '../lab/site-setup.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  acmeDomain,
  allValid,
  certificatesOf,
  containerWith,
  keysBelow,
  publicKeyOf,
  shown,
} from './support/certificates.ts';

const SECOND = '127.0.0.2';
let lab: LocalLab;
let authority: LabAuthority;
let second: FurtherHost;
let elsewhere: FurtherHost;

beforeAll(async () => {
  lab = await createLocalLab();
  authority = await startLabAuthority(lab);
  second = await addNginxHost(lab, { name: 'web2', address: SECOND });
  const site = await makeSite(lab.api.transport, {
    name: 'elsewhere',
    internalDomain: 'elsewhere.internal',
    network: '10.99.0.0/24',
    rangeStart: '10.99.0.10',
    rangeEnd: '10.99.0.99',
    gateway: '10.99.0.1',
    externalDomains: ['elsewhere.example'],
    externalAddress: 'localhost',
    portRangeStart: 9_000,
    portRangeEnd: 9_010,
  });
  elsewhere = await addNginxHost(lab, { name: 'web3', address: '127.0.0.3', site });
});

afterAll(async () => {
  await second?.destroy();
  await elsewhere?.destroy();
  await authority?.destroy();
  await lab?.destroy();
});

test('two nginx hosts answer the authority, serve what it signs, and nobody else has the keys', async () => {
  const domain = await acmeDomain(lab, authority, 'shop.example');
  // Asked at the one host for one name and at the other for the other.
  await authority.pebble.setAddress('api.shop.example', SECOND);
  const hosts = ['www.shop.example', 'api.shop.example'];
  await containerWith(lab, 'shop', hosts);
  const certificates = await allValid(lab, domain, 2);
  const root = await authority.pebble.rootPem();
  for (const address of ['127.0.0.1', SECOND]) {
    for (const host of hosts) {
      await waitFor(async () => (await shown(address, lab.ports.https, host, root)).trusted, {
        what: `${host} at ${address}`,
      });
    }
  }
  const wanted = new Set(certificates.map(({ chainPem }) => publicKeyOf(chainPem)));
  for (const part of ['web', 'web2']) {
    const keys = await keysBelow(join(lab.directory, part));
    expect([...wanted].every((key) => keys.some(({ publicKey }) => publicKey === key))).toBe(true);
    expect(keys.filter(({ mode }) => mode !== 0o600)).toEqual([]);
  }
  const others = await keysBelow(join(lab.directory, 'web3'));
  expect(others.filter(({ publicKey }) => wanted.has(publicKey))).toEqual([]);
});

test('a domain without a certificate is served with a self-signed one, and holds up no other', async () => {
  const domain = await acmeDomain(lab, authority, 'astray.example');
  await authority.pebble.setAddress('www.astray.example', '127.0.0.9');
  await containerWith(lab, 'astray', ['www.astray.example']);
  const failed = await waitFor(
    async () => (await certificatesOf(lab, domain)).find(({ state }) => state === CertificateState.FAILED),
    { timeoutMs: 30_000, what: 'the authority to find nobody' },
  );
  expect(failed.lastError).toContain('www.astray.example');
  const root = await authority.pebble.rootPem();
  const astray = await shown('127.0.0.1', lab.ports.https, 'www.astray.example', root);
  expect(astray).toMatchObject({ trusted: false });
  expect(astray.leaf.issuer).toBe(astray.leaf.subject);
  expect(await shown('127.0.0.1', lab.ports.https, 'www.shop.example', root)).toMatchObject({ trusted: true });
});

test('a renewed certificate is swapped in without a dropped connection', async () => {
  const [certificate] = (await certificatesOf(lab, 'shop.example')).filter(({ name }) => name === 'www.shop.example');
  const root = await authority.pebble.rootPem();
  const kept = await keptConnection('www.shop.example', root);
  expect(await kept.ask()).toMatch(/^HTTP\/1\.1 200/);
  const finish = kept.begin();
  await createClient(DomainsService, lab.api.transport).renewCertificate({ certificate: certificate?.id ?? '' });
  await waitFor(
    async () => {
      const { leaf } = await shown('127.0.0.1', lab.ports.https, 'www.shop.example', root);
      return leaf.serialNumber.toLowerCase() !== certificate?.serial.toLowerCase();
    },
    { timeoutMs: 45_000, what: 'the new certificate to be shown' },
  );
  expect(await finish()).toMatch(/^HTTP\/1\.1 200/);
  kept.close();
});

/** A connection over TLS that is used for several requests. */
async function keptConnection(host: string, ca: string) {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const opened = connect({ host: '127.0.0.1', port: lab.ports.https, servername: host, ca }, () => resolve(opened));
    opened.on('error', reject);
  });
  let said = '';
  let ended = false;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk;
  });
  socket.on('close', () => {
    ended = true;
  });
  const answered = async () => {
    await waitFor(() => /\r\n\r\n/.test(said) || ended, {
      timeoutMs: 10_000,
      what: 'an answer on the kept connection',
    });
    const answer = said;
    said = '';
    return answer;
  };
  const start = `GET / HTTP/1.1\r\nHost: ${host}\r\n`;
  return {
    ask: () => {
      socket.write(`${start}\r\n`);
      return answered();
    },
    /** Sends half of a request; what it returns sends the other half. */
    begin: () => {
      socket.write(start);
      return () => {
        socket.write('\r\n');
        return answered();
      };
    },
    close: () => socket.destroy(),
  };
}
