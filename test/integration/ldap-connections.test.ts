/**
 * Ten thousand idle connections, and five hundred that dawdle (half of them send a message a byte at a time, half ask
 * for everything and do not read), change nothing for the others.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { processSettings } from '@berth/control-plane/ldap/become-gateway.ts';
import { bindOf, equal, messageOf, present, searchOf } from '@berth/control-plane/ldap/testing/requests.ts';
import { LDAPUSERS } from '@berth/control-plane/store/built-in-groups.ts';
import { insertUser } from '@berth/control-plane/store/users.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import type { PlainGatewayOptions } from '../support/ldap-plain-gateway.ts';
import { BASE, LdapWorld, MASTER_KEY } from './ldap-world.ts';

const IDLE = 10_000;
const SLOW = 500;
const PEOPLE = 2_000;
const OTHERS = 8;
const SEARCHES = 4_000;
const AT_ONCE = 200;

const BIND = messageOf(bindOf(`cn=ctr-000001,ou=services,${BASE}`, 'secret-1'));
const EVERYBODY = messageOf(searchOf(BASE, 2, present('uid')));
const SUCCESS = Buffer.from([0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00]);

let world: LdapWorld;
let server: ChildProcess;
let port: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  world = await LdapWorld.open();
  await world.site();
  await world.store.transaction(async (tx) => {
    for (let n = 0; n < PEOPLE; n += 1) {
      const rest = {
        display_name: `Person ${n}`,
        email: null,
        password_hash: '',
        status: 'active' as const,
        created_at: 1,
      };
      await insertUser(tx, { id: `usr-${n}`, username: `user${n}`, ...rest });
    }
  });
  await world.container(1, 'usr-0');
  await world.grant('ctr-000001', { groupId: LDAPUSERS.id }, 'user');
  port = await freePort();
  const options: PlainGatewayOptions = {
    databaseUrl: world.url,
    masterKey: Buffer.from(MASTER_KEY).toString('hex'),
    base: BASE,
    port,
    tlsPort: await freePort(),
  };
  const { execArgv, env } = processSettings(world.directory);
  const program = `${import.meta.dirname}/../support/ldap-plain-gateway.ts`;
  server = spawn(process.execPath, [...execArgv, program, JSON.stringify(options)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout) await once(server.stdout, 'data');
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  server.kill('SIGKILL');
  await world.close();
});

async function open(): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Sends a message and waits until its answer is whole. */
function ask(socket: Socket, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      if (!chunk.subarray(-SUCCESS.length).equals(SUCCESS)) return;
      socket.off('data', hear);
      socket.off('close', gone);
      resolve();
    };
    const gone = () => reject(new Error('the server hung up'));
    socket.on('data', hear);
    socket.once('close', gone);
    socket.write(message);
  });
}

async function bound(): Promise<Socket> {
  const socket = await open();
  await ask(socket, BIND);
  return socket;
}

/** Opens many, some at a time, so that the line of those who wait to be accepted is never full. */
async function many(count: number, one: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function statusOfServer(): Promise<{ cpu: number; mb: number }> {
  const stat = await readFile(`/proc/${server.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    mb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024,
  };
}

/** What a search costs the server, in microseconds of its processor's time. */
async function costOfSearch(others: readonly Socket[]): Promise<number> {
  const before = await statusOfServer();
  await Promise.all(
    others.map(async (socket, at) => {
      for (let n = 0; n < SEARCHES / OTHERS; n += 1) {
        await ask(socket, messageOf(searchOf(BASE, 2, equal('uid', `user${(n * OTHERS + at) % PEOPLE}`))));
      }
    }),
  );
  return ((await statusOfServer()).cpu - before.cpu) * (1e6 / SEARCHES);
}

test('the others do not notice', { timeout: 180_000 }, async () => {
  const others = await Promise.all(Array.from({ length: OTHERS }, bound));
  await costOfSearch(others);
  const alone = await costOfSearch(others);

  await many(IDLE, bound);
  let fed = 0;
  await many(SLOW / 2, async () => {
    const socket = await bound();
    socket.pause();
    socket.write(EVERYBODY);
  });
  const feeders: Socket[] = [];
  await many(SLOW / 2, async () => feeders.push(await open()));
  const feeding = setInterval(() => {
    for (const socket of feeders) socket.write(BIND.subarray(fed, fed + 1));
    fed += 1;
  }, 200);

  const among = await costOfSearch(others);
  clearInterval(feeding);
  const { mb } = await statusOfServer();
  // Twice, for a machine that does other things meanwhile; what must not be is a cost that grows with their number.
  expect(among).toBeLessThan(2 * alone + 20);
  expect(mb).toBeLessThan(500);
  expect(sockets.filter((socket) => socket.destroyed)).toEqual([]);
  const newcomer = await bound();
  await ask(newcomer, messageOf(searchOf(BASE, 2, equal('uid', 'user7'))));
});
