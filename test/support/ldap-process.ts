import { join } from 'node:path';
import { Program } from '../lab/program.ts';
import { freePort } from './free-port.ts';

/** `berth ldap` as a process of its own. */
export interface LdapProcess {
  readonly program: Program;
  readonly ldapsPort: number;
  readonly startTlsPort: number;
}

const BERTH = join(import.meta.dirname, '../../control-plane/cli/berth');

/** What it serves from. */
export interface LdapProcessOptions {
  /** Directory for what it keeps. */
  stateDir: string;
  databaseUrl: string;
  /** File with the key that the database's secrets were sealed with. */
  masterKeyFile: string;
  base: string;
  processes?: number;
  logLevel?: string;
}

/** Starts `berth ldap` on free ports of loopback. @throws with its output when it does not come up */
export async function startLdapProcess(options: LdapProcessOptions): Promise<LdapProcess> {
  const { stateDir, databaseUrl, masterKeyFile, base, processes = 1, logLevel = 'info' } = options;
  const [ldapsPort, startTlsPort] = [await freePort(), await freePort()];
  const program = new Program({
    name: 'berth ldap',
    command: BERTH,
    args: ['ldap', '--processes', String(processes)],
    env: {
      BERTH_STATE_DIR: stateDir,
      BERTH_DATABASE_URL: databaseUrl,
      BERTH_MASTER_KEY_FILE: masterKeyFile,
      BERTH_LDAP_BASE: base,
      BERTH_LDAP_LISTEN: `127.0.0.1:${ldapsPort}`,
      BERTH_LDAP_STARTTLS_LISTEN: `127.0.0.1:${startTlsPort}`,
      BERTH_LOG_LEVEL: logLevel,
    },
    logFile: join(stateDir, `ldap-${ldapsPort}.log`),
    ready: /LDAP gateway ready/,
  });
  await program.start();
  return { program, ldapsPort, startTlsPort };
}
