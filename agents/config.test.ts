import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { loadRoles } from './roles.ts';

let path: string;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-config-'));
  path = join(dir, 'agent.json');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('readConfig', () => {
  it('fills in what is not said', async () => {
    await writeFile(path, '{"roles": {"proxmox": {}}}');
    expect(await readConfig(path)).toEqual({
      stateDir: '/var/lib/berth-agent',
      logLevel: 'info',
      roles: { proxmox: {} },
    });
  });

  it.each([
    ['{', 'agent.json: '],
    ['{"roles": {}}', 'roles: must name at least one of nginx, dnsmasq, proxmox'],
    ['{"roles": {"apache": {}}}', 'roles: '],
    ['{"roles": {"nginx": {}}, "stateDir": "here"}', 'stateDir: must be an absolute path'],
    ['{"roles": {"nginx": {}}, "logLevel": "loud"}', 'logLevel: '],
  ])('refuses %s', async (text, message) => {
    await writeFile(path, text);
    await expect(readConfig(path)).rejects.toThrow(message);
  });

  it('says when there is no file', async () => {
    await expect(readConfig(path)).rejects.toThrow('ENOENT');
  });
});

describe('loadRoles', () => {
  it('names the field of a role that is wrong', async () => {
    await expect(loadRoles({ dnsmasq: { dnsPort: 0 } })).rejects.toThrow('roles.dnsmasq: dnsPort: ');
  });

  it('loads only what is configured', async () => {
    const roles = await loadRoles({ dnsmasq: {}, nginx: undefined });
    expect(roles.map(({ kinds }) => kinds.includes('zone'))).toEqual([true]);
  });
});
