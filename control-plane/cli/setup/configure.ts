/** The files that make a control plane of this host. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, readConfig } from '../../config.ts';
import { CREDENTIAL, ENCRYPTED_SUFFIX, encryptCredential } from '../../host/credentials.ts';
import { readEnv, withEnv } from '../../host/env-file.ts';
import { listenFault } from '../../host/free-to-listen.ts';
import { credentialFile, hostEnvironment } from '../../host/host-environment.ts';
import type { HostPaths } from '../../host/paths.ts';
import { writeWhole } from '../../host/write-file.ts';
import { newMasterKey } from '../../master-key.ts';
import { connectionFault } from '../../store/connection-fault.ts';
import { CliError } from '../explain.ts';
import type { Settings } from './answers.ts';
import { OWN_NAMES } from './own-name.ts';
import type { SetupWorld } from './world.ts';

const LDAPS = '0.0.0.0:636';
const HEADER = `# Configuration of the Berth control plane: VARIABLE=value, one a line; after a change "systemctl restart berth".
# "berth setup --change" changes the lines below that it wrote, and no others.
`;

/**
 * Writes the configuration and the credentials that the answers ask for; nothing is written unless all of it will do.
 * @param running whether the service has its ports already
 * @throws CliError naming what will not do
 */
export async function configure(world: SetupWorld, answers: Settings, running: boolean): Promise<Config> {
  const { paths, print } = world;
  const old = existsSync(paths.envFile) ? readFileSync(paths.envFile, 'utf8') : HEADER;
  const text = withEnv(old, variablesOf(answers, readEnv(old)));
  const config = configOf(text, answers, paths);
  if (!running) await requirePorts(config);
  const fault = answers.databaseUrl && (await connectionFault(answers.databaseUrl));
  if (fault) throw new CliError(`the database cannot be used: ${fault}`);
  if (answers.databaseUrl) keep(CREDENTIAL.databaseUrl, `${answers.databaseUrl}\n`, answers, paths);
  if (!hasKey(config, paths)) keep(CREDENTIAL.masterKey, newMasterKey(), answers, paths);
  if (!existsSync(paths.envFile) || text !== old) {
    writeWhole(paths.envFile, text, { file: 0o600, directory: 0o755 });
    print(`Wrote ${paths.envFile}.`);
  }
  return config;
}

function variablesOf({ names, ldap }: Settings, set: Record<string, string>): Record<string, string> {
  const all = [...names, ...OWN_NAMES.filter((name) => !names.includes(name))];
  const variables = { BERTH_SERVER_NAMES: all.join(',') };
  // Whoever wrote it himself knows why.
  if (ldap === undefined && set.BERTH_LDAP_LISTEN !== undefined) return variables;
  return { ...variables, BERTH_LDAP_LISTEN: ldap === false ? '' : LDAPS };
}

function configOf(text: string, answers: Settings, paths: HostPaths): Config {
  const { databaseUrl } = answers;
  const set = readEnv(text);
  if (databaseUrl && set.BERTH_DATABASE_URL && set.BERTH_DATABASE_URL !== databaseUrl) {
    throw new CliError(`${paths.envFile} sets BERTH_DATABASE_URL itself: take that line away first.`);
  }
  const env = { BERTH_STATE_DIR: paths.stateDir, ...hostEnvironment(paths), ...set };
  return readConfig(databaseUrl ? { ...env, BERTH_DATABASE_URL: databaseUrl } : env);
}

async function requirePorts({ listen, agentListen, ldapListen }: Config): Promise<void> {
  for (const address of [listen, agentListen, ldapListen.ldaps, ldapListen.startTls]) {
    const fault = address && (await listenFault(address));
    if (!fault) continue;
    const where = `${address.host}:${address.port}`;
    const ldap = address === ldapListen.ldaps ? ', or answer "ldap": false' : '';
    throw new CliError(`${where} cannot be listened on (${fault}): see who has it with "ss -ltnp"${ldap}.`);
  }
}

/** Whether there is a key already, wherever it lies: another one would not open what it has sealed. */
function hasKey(config: Config, paths: HostPaths): boolean {
  return credentialFile(CREDENTIAL.masterKey, paths) !== undefined || existsSync(config.masterKeyFile);
}

function keep(name: string, secret: string, { encryptCredentials }: Settings, paths: HostPaths): void {
  const plain = join(paths.credentials, name);
  if (!encryptCredentials) {
    writeWhole(plain, secret, { file: 0o600, directory: 0o700 });
    return;
  }
  mkdirSync(paths.encryptedCredentials, { recursive: true, mode: 0o700 });
  const encrypted = name + ENCRYPTED_SUFFIX;
  try {
    encryptCredential(encrypted, secret, join(paths.encryptedCredentials, encrypted));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new CliError(`systemd-creds cannot encrypt here: ${said}\nAnswer "encryptCredentials": false.`);
  }
  rmSync(plain, { force: true });
}
