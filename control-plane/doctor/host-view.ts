import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { readFile, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import type { Config } from '../config.ts';
import { type ServiceControl, systemd } from '../host/service-control.ts';
import { type AskServer, askServer } from './addresses.ts';
import type { FileSystemRoom } from './room.ts';

const run = promisify(execFile);

/** The control plane's host, as the doctor sees it: what a test can put another in the place of. */
export interface HostView {
  config: Config;
  /** Milliseconds since the epoch. */
  now(): number;
  services: ServiceControl;
  /** Whether NTP keeps the clock; undefined where nobody knows. */
  synchronised(): Promise<boolean | undefined>;
  /** Whether this is a container, whose clock is its host's. */
  container(): Promise<boolean>;
  room(path: string): Promise<FileSystemRoom>;
  /** Bytes. */
  memory(): Promise<{ available: number; total: number }>;
  ownAddresses(): string[];
  resolve(name: string): Promise<string[]>;
  ask: AskServer;
}

/** This machine. */
export function thisHost(config: Config): HostView {
  return {
    config,
    now: Date.now,
    services: systemd,
    synchronised,
    container,
    room: statfs,
    memory,
    ownAddresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
    ask: askServer,
  };
}

async function synchronised(): Promise<boolean | undefined> {
  try {
    const { stdout } = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
    return stdout.trim() === 'yes';
  } catch {
    return undefined;
  }
}

function container(): Promise<boolean> {
  return run('systemd-detect-virt', ['--container', '--quiet']).then(
    () => true,
    () => false,
  );
}

async function memory(): Promise<{ available: number; total: number }> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const bytes = (name: string) => Number(new RegExp(`^${name}: *(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1_024;
  return { available: bytes('MemAvailable'), total: bytes('MemTotal') };
}
