import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CREDENTIAL, decryptedCredential, ENCRYPTED_SUFFIX, type Environment } from './credentials.ts';
import { readEnv } from './env-file.ts';
import { HOST, type HostPaths } from './paths.ts';

/**
 * The environment in which this host's services run, for what root runs beside them: the file that they read and
 * their credentials as they lie in systemd's stores. Undefined where no control plane is set up.
 * @throws Error when the file or a credential cannot be read
 */
export function hostEnvironment(paths: HostPaths = HOST): Environment | undefined {
  if (!existsSync(paths.envFile)) return undefined;
  return {
    BERTH_STATE_DIR: paths.stateDir,
    ...credentialsAtRest(paths),
    ...readEnv(readFileSync(paths.envFile, 'utf8')),
  };
}

/** Where a credential lies; the plain one is the one the services take. */
export function credentialFile(name: string, paths: HostPaths): string | undefined {
  const places = [join(paths.credentials, name), join(paths.encryptedCredentials, name + ENCRYPTED_SUFFIX)];
  return places.find((file) => existsSync(file));
}

function credentialsAtRest(paths: HostPaths): Environment {
  const masterKey = credentialFile(CREDENTIAL.masterKey, paths);
  const databaseUrl = credentialFile(CREDENTIAL.databaseUrl, paths);
  return {
    ...(masterKey && { BERTH_MASTER_KEY_FILE: masterKey }),
    ...(databaseUrl && { BERTH_DATABASE_URL: plainText(databaseUrl).trim() }),
  };
}

function plainText(file: string): string {
  return file.endsWith(ENCRYPTED_SUFFIX) ? decryptedCredential(file) : readFileSync(file, 'utf8');
}
