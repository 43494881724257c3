import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DriftFinding, DriftWatcher } from './drift-watcher.ts';
import type { ReleaseFiles } from './release-files.ts';
import { type Release, ReleaseStore } from './release-store.ts';

const FILES: ReleaseFiles = new Map([
  ['hosts', { content: 'right' }],
  ['sub/keys', { content: 'secret', mode: 0o600 }],
]);

let root: string;
let store: ReleaseStore;
let release: Release;
let watcher: DriftWatcher;
let findings: DriftFinding[];
let reload: () => Promise<void>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-drift-'));
  store = new ReleaseStore(root);
  const activation = await store.activate(await store.stage(FILES, '1'));
  await activation.confirm();
  release = activation.release;
  findings = [];
  reload = async () => {};
  const report = (finding: DriftFinding) => void findings.push(finding);
  watcher = new DriftWatcher({ store, clock: systemClock, reload: () => reload(), report });
  await watcher.watch({ release, files: FILES });
});
afterEach(async () => {
  await watcher.stop();
  await rm(root, { recursive: true, force: true });
});

function repaired(path: string): Promise<DriftFinding> {
  const find = () => findings.find((finding) => finding.path === path && finding.repairedAtMs !== undefined);
  return waitFor(find, { timeoutMs: 5_000, what: `the repair of ${path}` });
}

describe('DriftWatcher', () => {
  it('puts back a changed file', async () => {
    await writeFile(join(release.dir, 'hosts'), 'wrong');
    expect(await repaired('releases/1/hosts')).toMatchObject({ kind: 'changed' });
    expect(readFileSync(join(root, 'current/hosts'), 'utf8')).toBe('right');
  });

  it('puts back a deleted directory and removes what was added', async () => {
    await rm(join(release.dir, 'sub'), { recursive: true });
    await writeFile(join(release.dir, 'extra'), 'mine');
    expect(await repaired('releases/1/sub/keys')).toMatchObject({ kind: 'deleted' });
    expect(await repaired('releases/1/extra')).toMatchObject({ kind: 'added' });
    expect(readFileSync(join(root, 'current/sub/keys'), 'utf8')).toBe('secret');
    await expect(readFile(join(release.dir, 'extra'))).rejects.toThrow('ENOENT');
  });

  it('points the link back', async () => {
    await symlink('/nowhere', join(root, 'other'));
    await rename(join(root, 'other'), join(root, 'current'));
    expect(await repaired('current')).toMatchObject({ kind: 'changed' });
    expect((await store.current())?.id).toBe('1');
  });

  it('does not take an equal rewrite for drift', async () => {
    await writeFile(join(root, 'same'), 'right', { mode: 0o644 });
    await rename(join(root, 'same'), join(release.dir, 'hosts'));
    await writeFile(join(release.dir, 'extra'), 'mine');
    await repaired('releases/1/extra');
    expect(findings.map((finding) => finding.path)).toEqual(['releases/1/extra']);
  });

  it('reports a repair that fails once, and its success later', async () => {
    let broken = true;
    reload = async () => {
      if (broken) throw new Error('the program refuses');
    };
    await writeFile(join(release.dir, 'hosts'), 'wrong');
    await waitFor(() => findings.length > 0);
    expect(findings[0]).toMatchObject({ path: 'releases/1/hosts', error: 'the program refuses' });
    broken = false;
    const done = await repaired('releases/1/hosts');
    expect(done.seenAtMs).toBe(findings[0]?.seenAtMs);
    expect(findings.map((finding) => finding.error)).toEqual(['the program refuses', undefined]);
  });

  it('leaves the files alone while it is suspended', async () => {
    await watcher.suspend();
    await writeFile(join(release.dir, 'hosts'), 'wrong');
    expect(findings).toEqual([]);
    watcher.resume();
    await repaired('releases/1/hosts');
  });
});
