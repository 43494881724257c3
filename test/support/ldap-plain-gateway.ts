/**
 * The LDAP gateway as a process of its own that takes passwords without TLS, for measuring beside servers that do so
 * and for tests with thousands of connections. Its argument is JSON: PlainGatewayOptions. It says "ready" when it is.
 */
import cluster from 'node:cluster';
import { openAuthority } from '@berth/control-plane/fleet/ca.ts';
import { keepServerCertificate } from '@berth/control-plane/fleet/server-certificate.ts';
import { startGateway } from '@berth/control-plane/ldap/gateway.ts';
import { createLogger } from '@berth/control-plane/log.ts';
import { openStore } from '@berth/control-plane/store/open.ts';

/** What it serves. */
export interface PlainGatewayOptions {
  databaseUrl: string;
  /** Key that the database's secrets were sealed with, hexadecimal. */
  masterKey: string;
  base: string;
  port: number;
  tlsPort: number;
  /** How many share the connections; 1 by default. */
  processes?: number;
}

async function serve({ databaseUrl, masterKey, base, port, tlsPort }: PlainGatewayOptions): Promise<void> {
  const log = createLogger('error');
  const store = await openStore({ url: databaseUrl, masterKey: Buffer.from(masterKey, 'hex') });
  const certificate = await keepServerCertificate({
    authority: await openAuthority(store),
    clock: store.clock,
    random: Math.random,
    names: ['localhost', '127.0.0.1'],
    onError: (error) => log.error({ err: error }, 'the certificate could not be renewed'),
  });
  await startGateway({
    store,
    databaseUrl,
    baseDn: base,
    ldaps: { host: '127.0.0.1', port: tlsPort },
    startTls: { host: '127.0.0.1', port },
    certificate,
    log,
    trustNetwork: true,
  });
  // An orderly end, at which Node writes down what it compiled.
  process.once('SIGTERM', () => process.exit(0));
  process.stdout.write('ready\n');
}

if (import.meta.main) {
  const options: PlainGatewayOptions = JSON.parse(process.argv[2] ?? '{}');
  const { processes = 1 } = options;
  if (cluster.isPrimary && processes > 1) for (let i = 0; i < processes; i += 1) cluster.fork();
  else await serve(options);
}
