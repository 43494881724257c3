import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, systemClock } from '@berth/proto/contract/clock.ts';
import { slotNames } from './slots.ts';

const SIZES = [2, 7, 64];
const START_TRIES = 200;

/**
 * Whether the installed nginx picks, for each spelling of `slotNames`, the position it was made for. A private nginx is
 * asked that listens on a unix socket only and has nobody behind it. False also when it cannot be run: every backend
 * then gets an upstream of its own, which is slower to load and never wrong.
 */
export async function checkHash(binary: string): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-hash-'));
  const socketPath = join(directory, 'h.sock');
  await writeFile(join(directory, 'nginx.conf'), checkConfig(directory));
  const child = spawn(binary, ['-p', `${directory}/`, '-c', join(directory, 'nginx.conf')], { stdio: 'ignore' });
  let over = false;
  const ended = once(child, 'exit')
    .catch(() => undefined)
    .then(() => {
      over = true;
    });
  try {
    return (await answers(socketPath, () => over)) && (await allSlotsMatch(socketPath));
  } finally {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}

function checkConfig(directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (n) => `${n}_temp_path ${directory}/${n};`,
  );
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log /dev/null crit;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
  proxy_next_upstream off;
  add_header X-Slot $upstream_addr always;
  ${SIZES.map((size) => group(size, directory)).join('\n  ')}
  server {
    listen unix:${directory}/h.sock;
    location / { proxy_pass http://$arg_name; }
  }
}
`;
}

function group(size: number, directory: string): string {
  const servers = Array.from({ length: size }, (_, index) => `server unix:${directory}/none${index} max_fails=0;`);
  return `upstream ${nameOf(size)} { hash $proxy_host; ${servers.join(' ')} keepalive 2; }`;
}

function nameOf(size: number): string {
  return `backendgroup${size}`;
}

async function answers(socketPath: string, over: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < START_TRIES && !over(); tries += 1) {
    if ((await slotOf(socketPath, '/')) !== undefined) return true;
    await delay(systemClock, 10);
  }
  return false;
}

async function allSlotsMatch(socketPath: string): Promise<boolean> {
  for (const size of SIZES) {
    for (const [position, name] of slotNames(nameOf(size), size).entries()) {
      const slot = await slotOf(socketPath, `/?name=${name}`);
      if (!slot?.endsWith(`/none${position}`)) return false;
    }
  }
  return true;
}

/** The backend that was picked, or "" where none was; undefined when nobody answers. */
function slotOf(socketPath: string, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path, agent: false }, (response) => {
      response.resume();
      resolve(String(response.headers['x-slot'] ?? ''));
    });
    call.on('error', () => resolve(undefined));
    call.end();
  });
}
