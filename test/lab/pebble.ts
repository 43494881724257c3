/** The ACME test server pebble with its DNS of lies, pebble-challtestsrv; its random delays and refused nonces are on. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.ts';
import { Program } from './program.ts';

export interface PebbleOptions {
  /** Where its files go; made already. */
  directory: string;
  /** Where it asks for HTTP-01. */
  httpPort: number;
  /** Key identifiers and base64url keys of external account bindings; with any, accounts want one. */
  externalAccounts?: Record<string, string>;
  env?: Record<string, string>;
}

export interface Pebble {
  readonly directoryUrl: string;
  /** Authority of the directory's own TLS, PEM. */
  readonly caPem: string;
  readonly port: number;
  /** Where its DNS answers, HOST:PORT. */
  readonly dns: string;
  /** The authority's own words on everything. */
  log(): string;
  /** Adds a TXT value, or takes all of a name away. */
  setTxt(fqdn: string, value: string): Promise<void>;
  clearTxt(fqdn: string): Promise<void>;
  /** Lets a name lead to another address than 127.0.0.1. */
  setAddress(fqdn: string, address: string): Promise<void>;
  /** The root of the certificates it makes, PEM; another after each start. */
  rootPem(): Promise<string>;
  stop(): Promise<void>;
  /** Starts it again, with its memory lost. */
  start(): Promise<void>;
  destroy(): Promise<void>;
}

/** Starts both. @throws with the output of what did not start */
export async function startPebble({ directory, httpPort, externalAccounts, env = {} }: PebbleOptions): Promise<Pebble> {
  const [port, management, dnsPort, control] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const { certFile, keyFile, caPem } = await serverCertificate(join(directory, 'pebble'));
  const config = join(directory, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: certFile,
    privateKey: keyFile,
    httpPort,
    tlsPort: await freePort(),
    ocspResponderURL: '',
    externalAccountBindingRequired: externalAccounts !== undefined,
    externalAccountMACKeys: externalAccounts ?? {},
  };
  await writeFile(config, JSON.stringify({ pebble }));
  const dns = await startDns(directory, dnsPort, control);
  const program = new Program({
    name: 'pebble',
    command: 'pebble',
    args: ['-config', config, '-dnsserver', `127.0.0.1:${dnsPort}`],
    env,
    logFile: join(directory, 'pebble.log'),
    ready: /ACME directory available/,
  });
  await program.start();
  const tell = (what: string, body: object) =>
    fetch(`http://127.0.0.1:${control}/${what}`, { method: 'POST', body: JSON.stringify(body) });
  return {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    caPem,
    port,
    dns: `127.0.0.1:${dnsPort}`,
    log: () => program.log(),
    setTxt: async (fqdn, value) => void (await tell('set-txt', { host: `${fqdn}.`, value })),
    clearTxt: async (fqdn) => void (await tell('clear-txt', { host: `${fqdn}.` })),
    setAddress: async (fqdn, address) => void (await tell('add-a', { host: `${fqdn}.`, addresses: [address] })),
    rootPem: () => fetchText(`https://127.0.0.1:${management}/roots/0`, caPem),
    stop: () => program.stop(),
    start: () => program.start(),
    async destroy() {
      await program.stop();
      await dns.stop();
    },
  };
}

async function startDns(directory: string, port: number, control: number): Promise<Program> {
  const dns = new Program({
    name: 'pebble-challtestsrv',
    command: 'pebble-challtestsrv',
    args: [
      ...['-dns01', `127.0.0.1:${port}`, '-management', `127.0.0.1:${control}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
    ],
    logFile: join(directory, 'challtestsrv.log'),
    ready: /Starting management server/,
  });
  await dns.start();
  return dns;
}

/** A certificate for loopback, signed by an authority of its own as Go wants it. */
async function serverCertificate(base: string): Promise<{ certFile: string; keyFile: string; caPem: string }> {
  const files = { certFile: `${base}.crt`, keyFile: `${base}.key` };
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-subj', '/CN=pebble lab', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...['-keyout', files.keyFile, '-out', files.certFile],
  ]);
  return { ...files, caPem: await readFile(files.certFile, 'utf8') };
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}
