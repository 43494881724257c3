import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import {
  type Certificate,
  CertificateScope,
  CertificateSource,
  CertificateState,
  DomainsService,
} from '@berth/proto/api/v1/domains_pb.js';
import { createClient } from '@connectrpc/connect';
import type { LabAuthority } from '../../lab/certificate-authority.ts';
import type { LocalLab } from '../../lab/local-lab.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ended } from './containers.ts';

/** Makes a domain whose names get certificates one by one. */
export async function acmeDomain(lab: LocalLab, { account }: LabAuthority, name: string): Promise<string> {
  const { domain } = await createClient(DomainsService, lab.api.transport).createDomain({
    domain: {
      site: lab.site.id,
      name,
      certificateSource: CertificateSource.ACME,
      certificateScope: CertificateScope.PER_NAME,
      acmeAccount: account,
    },
  });
  return domain?.id ?? '';
}

const NAMES_PER_SERVICE = 17;

/** Makes a container that is found by these names. */
export async function containerWith(lab: LocalLab, hostname: string, hosts: readonly string[]): Promise<void> {
  const services = Array.from({ length: Math.ceil(hosts.length / NAMES_PER_SERVICE) }, (_, i) => {
    const [host = '', ...otherHosts] = hosts.slice(i * NAMES_PER_SERVICE, (i + 1) * NAMES_PER_SERVICE);
    return { internalPort: lab.ports.guestHttp, exposure: { case: 'http' as const, value: { host, otherHosts } } };
  });
  const { operation } = await createClient(ContainersService, lab.api.transport).createContainer({
    container: { site: lab.site.id, hostname, template: 'debian-12', cores: 1, memoryMib: 256, diskGib: 1, services },
  });
  const end = await ended(lab.api.transport, operation?.id ?? '');
  if (end.error !== '') throw new Error(end.error);
}

/** The certificates of a domain. */
export async function certificatesOf(lab: LocalLab, domain: string): Promise<Certificate[]> {
  return (await createClient(DomainsService, lab.api.transport).listCertificates({ domain })).certificates;
}

/** Waits until every certificate of a domain is valid, and there are as many as wanted. */
export function allValid(lab: LocalLab, domain: string, count: number, timeoutMs = 60_000): Promise<Certificate[]> {
  return waitFor(
    async () => {
      const all = await certificatesOf(lab, domain);
      return all.length === count && all.every(({ state }) => state === CertificateState.VALID) ? all : undefined;
    },
    { timeoutMs, intervalMs: 200, what: `the certificates of ${domain}` },
  );
}

/** The certificate that a host shows for a name, and whether it is trusted by way of a root. */
export function shown(
  address: string,
  port: number,
  servername: string,
  ca: string,
): Promise<{ leaf: X509Certificate; trusted: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, servername, ca, rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerX509Certificate();
      const trusted = socket.authorized;
      socket.destroy();
      if (leaf) resolve({ leaf, trusted });
      else reject(new Error('no certificate was shown'));
    });
    socket.on('error', reject);
  });
}

/** Every private key in the files below a directory; files of a release that goes meanwhile are passed over. */
export async function keysBelow(directory: string): Promise<{ path: string; mode: number; publicKey: string }[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // The ledger keeps them within JSON.
    const text = (await readFile(path, 'latin1').catch(() => '')).replaceAll('\\n', '\n');
    for (const [pem] of text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/g)) {
      const key = createPublicKey(createPrivateKey(pem));
      found.push({ path, mode: (await stat(path)).mode & 0o777, publicKey: asText(key) });
    }
  }
  return found;
}

/** The public key of a certificate, to compare. */
export function publicKeyOf(pem: string): string {
  return asText(new X509Certificate(pem).publicKey);
}

function asText(key: ReturnType<typeof createPublicKey>): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
