import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { unlessMissing } from './durable-files.ts';
import { holds, type ReleaseFile, type ReleaseFiles, restoreFile } from './release-files.ts';
import type { Release, ReleaseStore } from './release-store.ts';

/** The release that should be live, and what it should hold. */
export interface LiveRelease {
  release: Release;
  files: ReleaseFiles;
}

/** A managed file that is not as it should be. */
export interface Drift {
  /** Path below the store's root, e.g. "releases/7/hosts"; "current" for the link itself. */
  path: string;
  kind: 'changed' | 'deleted' | 'added';
}

/** Compares one live release with what it should hold; a file whose stat is as it was is not read again. */
export class DriftScan {
  readonly #store: ReleaseStore;
  readonly #live: LiveRelease;
  readonly #prefix: string;
  readonly #good = new Map<string, string>();

  constructor(store: ReleaseStore, live: LiveRelease) {
    this.#store = store;
    this.#live = live;
    this.#prefix = relative(store.root, live.release.dir);
  }

  /** What differs now. @throws the file system's error, when the release cannot be read */
  async find(): Promise<Drift[]> {
    const drifts: Drift[] = [];
    const link = await unlessMissing(readlink(this.#store.link));
    if (link === undefined) drifts.push({ path: basename(this.#store.link), kind: 'deleted' });
    else if (basename(link) !== this.#live.release.id)
      drifts.push({ path: basename(this.#store.link), kind: 'changed' });
    for (const [path, file] of this.#live.files) {
      const kind = await this.#differs(path, file);
      if (kind) drifts.push({ path: join(this.#prefix, path), kind });
    }
    for (const path of await this.#found()) {
      if (!this.#live.files.has(path)) drifts.push({ path: join(this.#prefix, path), kind: 'added' });
    }
    return drifts;
  }

  /** Puts one drift right on the disk; the program has not read it yet. */
  async restore(drift: Drift): Promise<void> {
    if (drift.path === basename(this.#store.link)) return this.#store.point(this.#live.release);
    const path = relative(this.#prefix, drift.path);
    await restoreFile(this.#live.release.dir, path, this.#live.files.get(path));
  }

  async #differs(path: string, file: ReleaseFile): Promise<'changed' | 'deleted' | undefined> {
    const full = join(this.#live.release.dir, path);
    const stats = await unlessMissing(lstat(full));
    if (!stats) return 'deleted';
    const fingerprint = `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.mode}`;
    if (this.#good.get(path) === fingerprint) return undefined;
    if (!(await holds(full, file))) return 'changed';
    this.#good.set(path, fingerprint);
    return undefined;
  }

  async #found(): Promise<string[]> {
    const directory = this.#live.release.dir;
    const entries = await unlessMissing(readdir(directory, { recursive: true, withFileTypes: true }));
    const files = (entries ?? []).filter((entry) => !entry.isDirectory());
    return files.map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  }
}
