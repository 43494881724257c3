import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { LdapConfig } from './start-ldap.ts';

/** Set where the programs are bundled (scripts/packaging/bundle.ts). */
declare const BERTH_BUNDLED: true | undefined;

/** How Node is started for a gateway. */
export interface ProcessSettings {
  execArgv: readonly string[];
  env: Record<string, string>;
}

/**
 * What a gateway's process is started with, measured with 10,000 people: without it takes 200 MB, with it 120 MB.
 * The compiled program is kept, so that the part of Node that takes the types away is not loaded (25 MB) and a start
 * takes half as long; the space for what lives shortly stays small; the C library neither keeps a heap for each thread
 * nor what hashing took. Hashing has as many threads as there are cores, and never fewer than Node's own four.
 * @param stateDir where the compiled program is kept: nobody else may write there
 */
export function processSettings(stateDir: string): ProcessSettings {
  return {
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'],
    env: {
      NODE_COMPILE_CACHE: join(stateDir, 'compile-cache'),
      MALLOC_ARENA_MAX: '2',
      UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism() + 2)),
    },
  };
}

/** What the program ldap-main.ts is told. */
export interface LdapProcessConfig extends LdapConfig, Pick<Config, 'masterKeyFile' | 'serverNames' | 'logLevel'> {
  processes: number;
}

/** The program; a bundle has it beside itself. */
const LDAP_MAIN = join(import.meta.dirname, typeof BERTH_BUNDLED === 'undefined' ? '../ldap-main.ts' : 'ldap-main.mjs');

/** The variable that says it. */
export const LDAP_PROCESS = 'BERTH_LDAP_PROCESS';

/** Turns this process into a gateway: nothing of what it was stays in memory, and signals reach the right one. */
export function becomeGateway(config: Config, processes: number): void {
  const { databaseUrl, ldapListen, ldapBase, masterKeyFile, serverNames, logLevel } = config;
  const told: LdapProcessConfig = {
    databaseUrl,
    ldapListen,
    ldapBase,
    masterKeyFile,
    serverNames,
    logLevel,
    processes,
  };
  const { execArgv, env } = processSettings(config.stateDir);
  const args = [process.execPath, ...execArgv, LDAP_MAIN];
  process.execve?.(process.execPath, args, { ...process.env, ...env, [LDAP_PROCESS]: JSON.stringify(told) });
}
