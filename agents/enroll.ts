/**
 * Makes a host an agent. The join command carries the SHA-256 of the control plane's authority; a first handshake is
 * made only to be shown that authority's certificate, and the token travels over a second connection that trusts this
 * one certificate and nothing else. There is no way to skip that.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { type EnrollResponse, EnrolmentService } from '@berth/proto/agent/v1/enrolment_pb.js';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { EnrolError } from './enrol-error.ts';
import { ROLES, type RoleName } from './roles.ts';
import { newKey, requestFor } from './shared/csr.ts';
import { type Identity, IdentityStore, lifeOf } from './shared/identity.ts';

/** Milliseconds for the handshake and for the answer. */
const TIMEOUT_MS = 20_000;

/** What the enrol command is given. */
export interface EnrolOptions {
  /** Base URL of the control plane, https. */
  server: string;
  /** The join token. */
  token: string;
  /** SHA-256 of the authority's certificate in DER form, hex; colons are allowed. */
  caSha256: string;
  roles: readonly RoleName[];
  stateDir: string;
  /** Name administrators see; by default the host's own. */
  name?: string;
}

/**
 * Enrols this host and stores its identity. A repetition with the same token uses the same key, so that a lost answer
 * costs nothing; once it has succeeded, a repetition changes nothing. @throws EnrolError
 */
export async function enrol(options: EnrolOptions): Promise<Identity> {
  const server = httpsUrl(options.server);
  const fingerprint = fingerprintOf(options.caSha256);
  const tokenHash = createHash('sha256').update(options.token).digest('hex');
  const identities = new IdentityStore(options.stateDir);
  const known = await identities.read();
  if (known?.tokenHash === tokenHash && lifeOf(known.chainPem).notAfterMs > Date.now()) return known;
  const authority = await findAuthority(server, fingerprint);
  const keyPem = await keyFor(identities, tokenHash);
  const response = await ask(options, server, authority, keyPem);
  const identity = { ...identityOf(response, keyPem, tokenHash), server: server.origin };
  await identities.write(identity);
  return identity;
}

function identityOf(response: EnrollResponse, keyPem: string, tokenHash: string): Identity {
  const { agentId, sessionAddress, serverName, chainPem, caBundlePem, renewAt } = response;
  const renewAtMs = renewAt ? timestampMs(renewAt) : 0;
  return { agentId, sessionAddress, serverName, keyPem, chainPem, caBundlePem, renewAtMs, tokenHash };
}

async function ask(options: EnrolOptions, server: URL, authority: string, keyPem: string): Promise<EnrollResponse> {
  const nodeOptions = { ca: authority, minVersion: 'TLSv1.3' } as const;
  const transport = createConnectTransport({ baseUrl: server.origin, httpVersion: '1.1', nodeOptions });
  const request = {
    token: options.token,
    csrPem: await requestFor(keyPem),
    roles: options.roles.map((role) => ROLES[role]),
    machineId: await machineId(),
    hostname: options.name ?? hostname(),
  };
  try {
    return await createClient(EnrolmentService, transport).enroll(request, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    throw new EnrolError(`${server.origin} refuses: ${ConnectError.from(error).rawMessage}`, { cause: error });
  }
}

/** The certificate with this fingerprint out of the chain the server shows, as PEM. */
async function findAuthority(server: URL, fingerprint: string): Promise<string> {
  const shown = await chainOf(server);
  const authority = shown.find((der) => createHash('sha256').update(der).digest('hex') === fingerprint);
  if (!authority) {
    throw new EnrolError(
      `${server.origin} shows no certificate with the SHA-256 ${fingerprint}: wrong server or wrong fingerprint`,
    );
  }
  const lines = authority.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Looks at a server's chain without believing it; nothing is sent and nothing is read. */
function chainOf(server: URL): Promise<Buffer[]> {
  const host = server.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      socket.destroy();
      reject(new EnrolError(`${server.origin} cannot be reached: ${reason}`));
    };
    const port = Number(server.port || 443);
    const socket: TLSSocket = connect({ host, port, ...sniOf(host), rejectUnauthorized: false }, () => {
      const chain = issuersOf(socket.getPeerCertificate(true));
      socket.destroy();
      resolve(chain);
    });
    socket.setTimeout(TIMEOUT_MS, () => fail('no answer in time'));
    socket.once('error', (error) => fail(error.message));
  });
}

/** RFC 6066 allows no address as a server name. */
function sniOf(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

function issuersOf(leaf: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  let certificate: DetailedPeerCertificate | undefined = leaf;
  while (certificate?.raw && !chain.some((known) => known.equals(certificate?.raw ?? known))) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

async function keyFor(identities: IdentityStore, tokenHash: string): Promise<string> {
  const pending = await identities.pending();
  if (pending?.tokenHash === tokenHash) return pending.keyPem;
  const keyPem = await newKey();
  await identities.begin({ tokenHash, keyPem });
  return keyPem;
}

function httpsUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:') throw new EnrolError(`--server: ${JSON.stringify(text)} is not an https URL`);
  return url;
}

function fingerprintOf(text: string): string {
  const hex = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new EnrolError('--ca-sha256: must be 64 hexadecimal digits');
  return hex;
}

/** Empty where the host has none. */
async function machineId(): Promise<string> {
  const text = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return text.trim();
}
