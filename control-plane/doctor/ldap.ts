import { connect } from 'node:tls';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { fault, ok, reasonOf } from './check.ts';

const WITHIN_MS = 3_000;

/** A search of the root DSE as anybody may make it (RFC 4511, 4.5.1; RFC 4512, 5.1), asking for no attribute ("1.1"). */
const ROOT_DSE = Buffer.from(
  '302a020101632504000a01000a0100020100020100010100870b6f626a656374436c61737330050403312e31',
  'hex',
);
const SEARCH_ENTRY = 0x64;

/** Whether the gateways answer as containers ask them, over TLS. @param ca PEM of the installation's authority */
export function ldapFindings(uris: readonly string[], ca: string): Promise<Finding[]> {
  const secure = uris.filter((uri) => uri.startsWith('ldaps://'));
  return Promise.all(secure.map((uri) => gatewayFinding(uri, ca)));
}

async function gatewayFinding(uri: string, ca: string): Promise<Finding> {
  const { hostname, port } = new URL(uri);
  const host = hostname.replace(/^\[|\]$/g, '');
  try {
    await answers(host, Number(port || 636), ca);
    return ok('ldap', `${uri} answers`);
  } catch (error) {
    const remedy =
      'Containers let in only whom SSSD remembers. See the service that serves it: "journalctl -u berth -u berth-ldap".';
    return fault('ldap', `${uri} does not answer: ${reasonOf(error)}`, remedy);
  }
}

function answers(host: string, port: number, ca: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca, timeout: WITHIN_MS }, () => socket.write(ROOT_DSE));
    socket.once('data', (bytes) => {
      socket.destroy();
      if (bytes.includes(SEARCH_ENTRY)) resolve();
      else reject(new Error('what answers there speaks no LDAP'));
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('it closed the connection')));
  });
}
