/**
 * What systemd hands to the services as credentials (systemd.exec(5), LoadCredential): files that only root may read
 * at rest, and the service only while it runs. They lie in systemd's own store, since one that is missing there stops
 * no start, as one named by its whole path does.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the credentials, as in the units and in the stores. */
export const CREDENTIAL = { masterKey: 'berth.master-key', databaseUrl: 'berth.database-url' } as const;

/** What the name of one ends in that `systemd-creds encrypt` has made; a service gets it in the clear all the same. */
export const ENCRYPTED_SUFFIX = '.encrypted';

/** Variables, as a process has them. */
export type Environment = Record<string, string | undefined>;

/**
 * The environment with what lies in $CREDENTIALS_DIRECTORY. What is set expressly comes first.
 * @throws Error when a credential cannot be read
 */
export function withCredentials(env: Environment): Environment {
  const directory = env.CREDENTIALS_DIRECTORY;
  if (!directory) return env;
  const masterKey = credentialIn(directory, CREDENTIAL.masterKey);
  const databaseUrl = credentialIn(directory, CREDENTIAL.databaseUrl);
  return {
    ...(masterKey && { BERTH_MASTER_KEY_FILE: masterKey }),
    ...(databaseUrl && { BERTH_DATABASE_URL: readFileSync(databaseUrl, 'utf8').trim() }),
    ...env,
  };
}

function credentialIn(directory: string, name: string): string | undefined {
  return [name, name + ENCRYPTED_SUFFIX].map((each) => join(directory, each)).find((file) => existsSync(file));
}

/** What `systemd-creds encrypt` has made, in the clear; for root. @throws Error with what systemd-creds says */
export function decryptedCredential(file: string): string {
  return execFileSync('systemd-creds', ['decrypt', file, '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What becomes a credential that only this machine can read, and under this name. @throws Error as above */
export function encryptCredential(name: string, secret: string, file: string): void {
  execFileSync('systemd-creds', ['encrypt', `--name=${name}`, '-', file], {
    input: secret,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  chmodSync(file, 0o600);
}
