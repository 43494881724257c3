import { connect } from 'node:net';
import type { Finding } from '@berth/proto/contract/finding.ts';
import type { Config } from '../config.ts';
import { reachable } from '../host/local-api.ts';
import { fault, ok, reasonOf } from './check.ts';

const WITHIN_MS = 3_000;

/** What of the configuration says where something listens. */
export type Listening = Pick<Config, 'listen' | 'plainListen' | 'agentListen' | 'ldapListen'>;

/** Whether everything that is configured to listen does. */
export function portFindings(config: Listening): Promise<Finding[]> {
  const all: [string, { host: string; port: number } | undefined][] = [
    ['pages and API', config.listen],
    ['pages without TLS', config.plainListen],
    ['agents', config.agentListen],
    ['LDAPS', config.ldapListen.ldaps],
    ['LDAP with StartTLS', config.ldapListen.startTls],
  ];
  return Promise.all(all.flatMap(([what, address]) => (address ? [portFinding(what, address)] : [])));
}

async function portFinding(what: string, address: { host: string; port: number }): Promise<Finding> {
  const where = `${what} on ${address.host}:${address.port}`;
  try {
    await connects(address);
    return ok('ports', where);
  } catch (error) {
    const remedy =
      'See whether berth.service runs and what it says: "journalctl -u berth -n 30"; who has the port: "ss -ltnp".';
    return fault('ports', `${where}: nothing answers (${reasonOf(error)})`, remedy);
  }
}

function connects(address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...reachable(address), timeout: WITHIN_MS }, () => {
      socket.destroy();
      resolve();
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
    socket.on('error', reject);
  });
}
