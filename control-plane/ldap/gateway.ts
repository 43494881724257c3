/**
 * The LDAP gateway: what SSSD and nslcd in the containers, and people with ldapsearch, speak to. It holds the directory
 * in memory, with the answers already in bytes, and asks the store before each answer whether that is still the truth
 * (freshness.ts). Whoever has bound has a view: a container sees who may log in to it, a person himself, an
 * administrator everything (identity.ts). Bytes pass framing.ts, which only cuts, and protocol/, which reads a message
 * as a whole or refuses it; only then is anything done.
 *
 * ldapjs is not in here. Behind such a framing it reached 0.89 of slapd's searches, where 1.3 was the aim; what would
 * have been left of it, its reading of names, has faults of its own (schema/dn.ts). Tests use its client as a client.
 */
import { availableParallelism } from 'node:os';
import { Turnstile } from '../auth/turnstile.ts';
import type { ServerCertificate } from '../fleet/server-certificate.ts';
import type { Logger } from '../log.ts';
import { openRevisionReader } from '../store/revision-reader.ts';
import type { Store } from '../store/store.ts';
import type { ConnectionDeps } from './connection.ts';
import { noteContainerBinds } from './container-binds.ts';
import { Directory } from './directory/directory.ts';
import { DirectoryReader } from './directory/load.ts';
import { staticEntries } from './directory/static-entries.ts';
import { Freshness } from './freshness.ts';
import { Views } from './identity.ts';
import { type Address, listen } from './listen.ts';
import { storePasswords } from './store-passwords.ts';

export interface GatewayOptions {
  store: Store;
  /** Of the store's database. */
  databaseUrl: string;
  /** Name that the tree begins with, e.g. "dc=berth,dc=internal". */
  baseDn: string;
  /** Where LDAPS is spoken; absent for nowhere. */
  ldaps: Address | undefined;
  /** Where LDAP with StartTLS is spoken; absent for nowhere. */
  startTls: Address | undefined;
  certificate: ServerCertificate;
  log: Logger;
  /** Told of what happens, to be counted. */
  observe?: GatewayObserver | undefined;
  /** For measuring only: takes passwords without TLS. */
  trustNetwork?: boolean;
}

/** Who counts what a gateway does. */
export interface GatewayObserver {
  /** An operation was answered. */
  onLdap(operation: string, result: string, seconds: number): void;
  /** The directory in memory was brought up to the store, or could not be. */
  onCatchUp(result: 'done' | 'failed'): void;
}

/** A running gateway. */
export interface Gateway {
  /** The port that LDAPS got, or 0. */
  readonly ldapsPort: number;
  /** The port that LDAP with StartTLS got, or 0. */
  readonly startTlsPort: number;
  /** Connections open now. */
  connections(): number;
  /** Entries of the directory in memory. */
  entries(): number;
  stop(): Promise<void>;
}

/** Passwords that may wait to be checked; beyond that a bind is refused as busy. */
const MOST_WAITING = 2_000;

/** What answers, without the ports. */
export interface LdapService {
  deps: Omit<ConnectionDeps, 'secure'>;
  directory: Directory;
  stop(): void;
}

/** Reads the directory and puts together what answers questions about it. @throws when the store cannot be read */
export async function openService(
  options: Pick<GatewayOptions, 'store' | 'databaseUrl' | 'baseDn' | 'log' | 'observe'>,
): Promise<LdapService> {
  const { store, log, observe } = options;
  const { clock } = store;
  const onError = (error: unknown) => log.error({ err: error }, 'the LDAP gateway reports an error');
  const directory = new Directory(options.baseDn);
  const reader = new DirectoryReader(store, directory);
  await reader.catchUp();
  const revisions = await openRevisionReader(store, options.databaseUrl);
  const freshness = new Freshness({
    revision: () => revisions.read(),
    // Not "at least": a database put back from a backup has gone back.
    isAt: (revision) => directory.revision === revision,
    catchUp: () => counted(reader.catchUp(), observe),
    clock,
    onError,
  });
  const now = () => clock.now();
  const session = {
    directory,
    fixed: staticEntries(directory.names),
    views: new Views(directory, now),
    passwords: storePasswords({ store, turnstile: new Turnstile(availableParallelism(), MOST_WAITING) }),
    now,
    onContainerBind: noteContainerBinds(store, onError),
    onError,
    onOperation: observe?.onLdap,
  };
  return { deps: { session, freshness, clock, onError }, directory, stop: () => revisions.close() };
}

/** Starts the gateway; it serves when this resolves. @throws when the store cannot be read or a port is taken */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { certificate } = options;
  const service = await openService(options);
  const asPem = () => ({ cert: certificate.current().chainPem, key: certificate.current().keyPem });
  const ports = await listen({
    ldaps: options.ldaps,
    startTls: options.startTls,
    certificate: asPem(),
    deps: service.deps,
    ...(options.trustNetwork ? { trustNetwork: true } : {}),
  });
  const forget = certificate.onChange(() => ports.setCertificate(asPem()));
  return {
    ldapsPort: ports.ldaps,
    startTlsPort: ports.startTls,
    connections: () => ports.connections,
    entries: () => service.directory.size,
    async stop() {
      forget();
      await ports.close();
      service.stop();
    },
  };
}

async function counted(catchingUp: Promise<void>, observe: GatewayObserver | undefined): Promise<void> {
  try {
    await catchingUp;
    observe?.onCatchUp('done');
  } catch (error) {
    observe?.onCatchUp('failed');
    throw error;
  }
}
