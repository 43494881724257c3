import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseFiles } from './release-files.ts';
import { ReleaseStore } from './release-store.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-release-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function files(entries: Record<string, string>): ReleaseFiles {
  return new Map(Object.entries(entries).map(([path, content]) => [path, { content }]));
}

async function publish(store: ReleaseStore, id: string, entries: Record<string, string>): Promise<void> {
  await (await store.activate(await store.stage(files(entries), id))).confirm();
}

function live(path: string): string {
  return readFileSync(join(root, 'current', path), 'utf8');
}

describe('ReleaseStore', () => {
  it('makes a release live and hard-links what did not change', async () => {
    const store = new ReleaseStore(root);
    await publish(store, '1', { 'a/b/one.conf': 'one', 'two.conf': 'two' });
    const inode = statSync(join(root, 'current/a/b/one.conf')).ino;
    await publish(store, '2', { 'a/b/one.conf': 'one', 'two.conf': 'changed' });
    expect(live('two.conf')).toBe('changed');
    expect(statSync(join(root, 'current/a/b/one.conf')).ino).toBe(inode);
    expect((await store.current())?.id).toBe('2');
  });

  it('does not carry a file that was edited by hand into the next release', async () => {
    const store = new ReleaseStore(root);
    await publish(store, '1', { 'one.conf': 'one' });
    await writeFile(join(root, 'current/one.conf'), 'two');
    await publish(store, '2', { 'one.conf': 'one' });
    expect(live('one.conf')).toBe('one');
  });

  it('applies permission bits and keeps two releases', async () => {
    const store = new ReleaseStore(root);
    for (const id of ['1', '2', '3']) {
      const staged = await store.stage(new Map([['key.pem', { content: 'secret', mode: 0o600 }]]), id);
      await (await store.activate(staged)).confirm();
    }
    expect(statSync(join(root, 'current/key.pem')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(root, 'releases')).sort()).toEqual(['2', '3']);
  });

  it('takes a name again that is in use', async () => {
    const store = new ReleaseStore(root);
    await publish(store, '7', { f: 'old' });
    await publish(store, '7', { f: 'new' });
    expect(live('f')).toBe('new');
    expect((await store.current())?.id).toBe('7.2');
  });

  it('rolls back to the release before, and to nothing before the first', async () => {
    const store = new ReleaseStore(root);
    await (await store.activate(await store.stage(files({ f: '1' }), '1'))).rollback();
    expect(await store.current()).toBeUndefined();
    await publish(store, '2', { f: '2' });
    await (await store.activate(await store.stage(files({ f: '3' }), '3'))).rollback();
    expect(live('f')).toBe('2');
    expect(readdirSync(join(root, 'releases'))).toEqual(['2']);
  });

  it('goes back to the last release known to serve when a swap was never confirmed', async () => {
    const store = new ReleaseStore(root);
    await publish(store, '1', { f: '1' });
    await store.activate(await store.stage(files({ f: '2' }), '2'));
    await store.stage(files({ f: '3' }), '3');
    const recovery = await new ReleaseStore(root).recover();
    expect(recovery).toEqual({ current: { id: '1', dir: join(root, 'releases/1') }, interrupted: true });
    expect(live('f')).toBe('1');
    expect(readdirSync(join(root, 'releases'))).toEqual(['1']);
    expect(await new ReleaseStore(root).recover()).toMatchObject({ interrupted: false });
  });

  it('clears a swap that was cut off before its rename', async () => {
    const store = new ReleaseStore(root);
    await publish(store, '1', { f: '1' });
    await symlink('releases/9', join(root, '.new-0123456789ab'));
    await store.recover();
    expect(readdirSync(root).sort()).toEqual(['current', 'release-journal.json', 'releases']);
  });

  it.each(['../escape', '/absolute', 'a/../../b', '', 'a//b', 'dir/', '.'])('refuses the path %j', async (path) => {
    const store = new ReleaseStore(root);
    await expect(store.stage(files({ [path]: 'x' }), '1')).rejects.toThrow(RangeError);
    expect(readdirSync(join(root, 'releases'))).toEqual([]);
  });
});
