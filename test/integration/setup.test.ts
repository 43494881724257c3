/** `berth setup` with everything but systemd: a real control plane, started as the unit starts it. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { readAnswers } from '@berth/control-plane/cli/setup/answers.ts';
import { type SetupOptions, setUp } from '@berth/control-plane/cli/setup/set-up.ts';
import { readConfig } from '@berth/control-plane/config.ts';
import { readEnv } from '@berth/control-plane/host/env-file.ts';
import { hostEnvironment } from '@berth/control-plane/host/host-environment.ts';
import { localApi } from '@berth/control-plane/host/local-api.ts';
import type { HostPaths } from '@berth/control-plane/host/paths.ts';
import type { ServiceControl } from '@berth/control-plane/host/service-control.ts';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { UsersService } from '@berth/proto/api/v1/people_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program } from '../lab/program.ts';
import { testDatabases } from '../support/database-each.ts';
import { freePort } from '../support/free-port.ts';

const OWN_LINES = '# Ours: behind a proxy\nBERTH_TRUSTED_PROXIES="10.0.0.5"\n';

let directory: string;
let paths: HostPaths;
let service: Service;
let ports: { api: number; agents: number };
let said = '';

/** The unit berth.service without systemd. */
class Service implements ServiceControl {
  starts = 0;
  #program: Program | undefined;

  available() {
    return true;
  }

  async stateOf() {
    const active = this.#program?.running ? 'active' : 'inactive';
    return { load: 'loaded', active, enabled: 'enabled', restarts: 0 };
  }

  async restart() {
    await this.stop();
    this.starts += 1;
    this.#program = new Program({
      name: 'berth.service',
      command: process.execPath,
      args: ['control-plane/main.ts'],
      env: {
        BERTH_STATE_DIR: paths.stateDir,
        CREDENTIALS_DIRECTORY: paths.credentials,
        ...readEnv(await readFile(paths.envFile, 'utf8')),
      },
      logFile: join(directory, 'service.log'),
      ready: /control plane ready/,
    });
    await this.#program.start();
  }

  async stop() {
    await this.#program?.stop();
  }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-setup-'));
  paths = {
    envFile: join(directory, 'etc/berth.env'),
    caFile: join(directory, 'etc/ca.pem'),
    stateDir: join(directory, 'state'),
    credentials: join(directory, 'credstore'),
    encryptedCredentials: join(directory, 'credstore.encrypted'),
  };
  ports = { api: await freePort(), agents: await freePort() };
  service = new Service();
  await mkdir(join(directory, 'etc'));
  await writeFile(
    paths.envFile,
    `${OWN_LINES}BERTH_LISTEN=127.0.0.1:${ports.api}\nBERTH_AGENT_LISTEN=127.0.0.1:${ports.agents}\n`,
    { mode: 0o640 },
  );
});

afterAll(async () => {
  await service.stop();
  await rm(directory, { recursive: true, force: true });
});

async function run(answers: object, options: Partial<SetupOptions> = {}): Promise<void> {
  const file = join(directory, `${randomBytes(4).toString('hex')}.json`);
  await writeFile(file, JSON.stringify(answers));
  const { settings, administrator } = readAnswers(file);
  said = '';
  const print = (text: string) => {
    said += `${text}\n`;
  };
  const source = { settings: async () => settings, administrator: async () => administrator };
  await setUp({ paths, services: service, print }, source, { change: false, login: false, ...options });
}

function config() {
  return readConfig(hostEnvironment(paths) ?? {});
}

async function signIn(username: string, password: string) {
  const { token, user } = await createClient(AuthService, localApi(config())).signIn({ username, password });
  return { user, signedIn: localApi(config(), token) };
}

const ANSWERS = {
  names: ['berth.example.org'],
  administrator: { username: 'ada', email: 'ada@example.org' },
  ldap: false,
};

let password: string;

test('a port that is taken is named before anything is written', async () => {
  const before = await readFile(paths.envFile, 'utf8');
  const taken = new Program({
    name: 'another server',
    command: process.execPath,
    args: ['-e', `require('net').createServer().listen(${ports.api}, '127.0.0.1', () => console.log('listens'))`],
    logFile: join(directory, 'another.log'),
    ready: /listens/,
  });
  await taken.start();
  await expect(run(ANSWERS)).rejects.toThrow(`127.0.0.1:${ports.api} cannot be listened on (EADDRINUSE)`);
  await taken.stop();
  expect(await readFile(paths.envFile, 'utf8')).toBe(before);
  expect(existsSync(paths.credentials)).toBe(false);
});

test('a database that does not answer is named before anything is written', async () => {
  const databaseUrl = `postgres://berth:secret@127.0.0.1:${await freePort()}/berth`;
  await expect(run({ ...ANSWERS, databaseUrl })).rejects.toThrow(/the database cannot be used: .*ECONNREFUSED/);
  expect(existsSync(paths.credentials)).toBe(false);
});

test('the first run makes a service with an administrator, and says what to open', async () => {
  await run(ANSWERS);
  expect(said).toContain(`https://berth.example.org:${ports.api}/`);
  password = /Password +(\S+)/.exec(said)?.[1] ?? '';
  const { user, signedIn } = await signIn('ada', password);
  expect(user?.administrator).toBe(true);
  const person = await createClient(UsersService, signedIn).getUser({ user: 'ada' });
  expect(person.user?.email).toBe('ada@example.org');
  expect(await readFile(paths.caFile, 'utf8')).toBe(await readFile(join(paths.stateDir, 'ca.pem'), 'utf8'));
});

test("lines of the administrator's own stay, and the key lies where root alone reads it", async () => {
  const text = await readFile(paths.envFile, 'utf8');
  expect(text.startsWith(OWN_LINES)).toBe(true);
  expect((await stat(paths.envFile)).mode & 0o777).toBe(0o640);
  expect((await stat(join(paths.credentials, 'berth.master-key'))).mode & 0o777).toBe(0o600);
  expect((await stat(paths.credentials)).mode & 0o777).toBe(0o700);
  expect(existsSync(join(paths.stateDir, 'master.key'))).toBe(false);
});

test('a further run says what there is and changes nothing', async () => {
  const before = await readFile(paths.envFile, 'utf8');
  await run({ ...ANSWERS, names: ['other.example.org'] });
  expect(said).toContain('set up here already');
  expect(said).toContain('berth.example.org, localhost, 127.0.0.1, ::1');
  expect(said).not.toContain('Password');
  expect(await readFile(paths.envFile, 'utf8')).toBe(before);
  expect(service.starts).toBe(1);
});

test('a change is made when asked for, and takes nothing else away', async () => {
  await run({ ...ANSWERS, names: ['other.example.org'] }, { change: true });
  expect(service.starts).toBe(2);
  expect(await coveredNames()).toContain('DNS:other.example.org');
  expect(await readFile(paths.envFile, 'utf8')).toContain(OWN_LINES);
  await signIn('ada', password);
});

test('a service that somebody has stopped is left so', async () => {
  await service.stop();
  await run(ANSWERS);
  expect(said).toContain('does not run; "systemctl start berth" starts it');
  expect(service.starts).toBe(2);
});

test('a run that was broken off is ended by the next one, which asks for no more than is missing', async () => {
  await service.stop();
  await rm(paths.stateDir, { recursive: true });
  await rm(paths.caFile);
  const administrator = {
    username: 'eve',
    email: undefined,
    password: 'correct horse battery',
    passwordIsRandom: false,
  };
  const settings = () => Promise.reject(new Error('asked for what is there'));
  const source = { settings, administrator: async () => administrator };
  await setUp({ paths, services: service, print: () => undefined }, source, { change: false, login: false });
  await signIn('eve', administrator.password);
});

test('a database server is named by a credential, and its password by nothing else', async () => {
  const postgres = testDatabases().find(({ dialect }) => dialect === 'postgres');
  const database = await postgres?.create();
  const url = new URL(database?.url ?? '');
  url.password ||= 'never-shown';
  await run({ ...ANSWERS, databaseUrl: url.href }, { change: true });
  await signIn('ada', /Password +(\S+)/.exec(said)?.[1] ?? '');
  const credential = join(paths.credentials, 'berth.database-url');
  expect(await readFile(credential, 'utf8')).toBe(`${url.href}\n`);
  expect((await stat(credential)).mode & 0o777).toBe(0o600);
  await run(ANSWERS);
  expect(said).toContain(`postgres://${url.host}${url.pathname}`);
  expect(said + (await readFile(paths.envFile, 'utf8'))).not.toContain(url.password);
  await service.stop();
  await database?.drop();
});

/** Names in the certificate that is served. */
function coveredNames(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port: ports.api, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().subjectaltname ?? '');
    socket.destroy();
  });
  socket.on('error', reject);
  return promise;
}
