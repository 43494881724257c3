import type { Config } from '../config.ts';
import type { ServerCertificate } from '../fleet/server-certificate.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { type Gateway, type GatewayObserver, startGateway } from './gateway.ts';

/** What of the configuration a gateway needs. */
export type LdapConfig = Pick<Config, 'databaseUrl' | 'ldapListen' | 'ldapBase'>;

/** What a process has that starts a gateway. */
export interface LdapSurroundings {
  config: LdapConfig;
  store: Store;
  certificate: ServerCertificate;
  log: Logger;
  /** Told of what happens, to be counted. */
  observe?: GatewayObserver | undefined;
}

/** Starts the gateway where the configuration says that this process listens for it. */
export async function startLdap({
  config,
  store,
  certificate,
  log,
  observe,
}: LdapSurroundings): Promise<Gateway | undefined> {
  const { ldaps, startTls } = config.ldapListen;
  if (!ldaps && !startTls) return undefined;
  const { databaseUrl, ldapBase: baseDn } = config;
  const gateway = await startGateway({ store, databaseUrl, baseDn, ldaps, startTls, certificate, log, observe });
  log.info({ ldaps: gateway.ldapsPort, startTls: gateway.startTlsPort, pid: process.pid }, 'LDAP gateway ready');
  return gateway;
}
