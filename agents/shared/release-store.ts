/**
 * Releases: the files of one program on this host, always the old set or the new set. A release is staged in a
 * directory of its own beside the live one and brought to the disk; it goes live by one rename of the link
 * `current`. Before the swap a journal says what is about to happen, and only `confirm` closes it: after a crash in
 * between, `recover` goes back to the release that was last known to serve. Two releases are kept, the live one and
 * the one before.
 */

import { readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  makeDirectory,
  readIfThere,
  replaceFile,
  syncDirectory,
  temporaryBeside,
  unlessMissing,
} from './durable-files.ts';
import { type ReleaseFiles, writeRelease } from './release-files.ts';

/** A release on disk. */
export interface Release {
  id: string;
  /** Its directory, absolute when the store's root is. */
  dir: string;
}

/** A release that is not live yet. */
export interface StagedRelease extends Release {
  /** Removes it again. */
  discard(): Promise<void>;
}

/** A release that has gone live and is not known to serve yet. */
export interface Activation {
  release: Release;
  previous: Release | undefined;
  /** It serves: closes the journal and removes old releases. */
  confirm(): Promise<void>;
  /** It does not: makes the previous release live again; without one, nothing is live afterwards. */
  rollback(): Promise<void>;
}

/** What a start found. */
export interface Recovery {
  current: Release | undefined;
  /** A swap was interrupted: the program may have loaded files that are not live (any more); reload it. */
  interrupted: boolean;
}

interface Journal {
  phase: 'swapping' | 'confirmed';
  to?: string;
  from?: string;
}

const KEEP = 2;

/** The releases below one directory; one owner at a time. */
export class ReleaseStore {
  readonly root: string;
  readonly #releases: string;
  readonly #link: string;
  readonly #journal: string;

  /** @param root directory of the store; made when missing */
  constructor(root: string) {
    this.root = root;
    this.#releases = join(root, 'releases');
    this.#link = join(root, 'current');
    this.#journal = join(root, 'release-journal.json');
  }

  /** Path of the link that always names the live release. */
  get link(): string {
    return this.#link;
  }

  /** The live release. */
  async current(): Promise<Release | undefined> {
    const target = await unlessMissing(readlink(this.#link));
    if (target === undefined) return undefined;
    const there = (await this.#ids()).includes(basename(target));
    return there ? this.#release(basename(target)) : undefined;
  }

  /** To be called once at start: ends what a crash interrupted and clears what it left behind. */
  async recover(): Promise<Recovery> {
    await makeDirectory(this.#releases, 0o755);
    const journal = await this.#readJournal();
    const interrupted = journal?.phase === 'swapping';
    if (interrupted) await this.#goBack(journal.from);
    for (const name of await readdir(this.root)) {
      if (name.startsWith('.new-')) await rm(join(this.root, name), { force: true });
    }
    const current = await this.current();
    await this.#prune(current, journal?.phase === 'confirmed' ? journal.from : undefined);
    return { current, interrupted };
  }

  /** The name that a release asking for `id` would get now. */
  freeName(id: string): Promise<string> {
    return this.#freeId(id);
  }

  /** Writes a release beside the live one. @param id any name; made unique when it is taken */
  async stage(files: ReleaseFiles, id: string): Promise<StagedRelease> {
    await makeDirectory(this.#releases, 0o755);
    const release = this.#release(await this.#freeId(id));
    const live = await this.current();
    const discard = () => rm(release.dir, { recursive: true, force: true });
    try {
      await writeRelease(release.dir, files, live?.dir);
      await syncDirectory(this.#releases);
    } catch (error) {
      await discard();
      throw error;
    }
    return { ...release, discard };
  }

  /** Makes a staged release live. */
  async activate(staged: Release): Promise<Activation> {
    const previous = await this.current();
    await this.#writeJournal({ phase: 'swapping', to: staged.id, from: previous?.id });
    await this.#point(staged.id);
    return {
      release: { id: staged.id, dir: staged.dir },
      previous,
      confirm: async () => {
        await this.#writeJournal({ phase: 'confirmed', to: staged.id, from: previous?.id });
        await this.#prune(staged, previous?.id);
      },
      rollback: async () => {
        await this.#goBack(previous?.id);
        await rm(staged.dir, { recursive: true, force: true });
      },
    };
  }

  /** Puts the link right when somebody has moved it. */
  async point(release: Release): Promise<void> {
    await this.#point(release.id);
  }

  async #goBack(id: string | undefined): Promise<void> {
    if (id !== undefined && (await this.#ids()).includes(id)) await this.#point(id);
    else await rm(this.#link, { force: true });
    await syncDirectory(this.root);
    await this.#writeJournal({ phase: 'confirmed', to: id });
  }

  async #point(id: string): Promise<void> {
    const temporary = temporaryBeside(this.#link);
    await symlink(join('releases', id), temporary);
    await rename(temporary, this.#link);
    await syncDirectory(this.root);
  }

  async #prune(current: Release | undefined, previous: string | undefined): Promise<void> {
    const keep = [current?.id, previous].filter((id) => id !== undefined).slice(0, KEEP);
    for (const id of await this.#ids()) {
      if (!keep.includes(id)) await rm(join(this.#releases, id), { recursive: true, force: true });
    }
  }

  async #freeId(id: string): Promise<string> {
    const taken = new Set(await this.#ids());
    if (!taken.has(id)) return id;
    for (let n = 2; ; n++) if (!taken.has(`${id}.${n}`)) return `${id}.${n}`;
  }

  async #ids(): Promise<string[]> {
    return (await unlessMissing(readdir(this.#releases))) ?? [];
  }

  #release(id: string): Release {
    return { id, dir: join(this.#releases, id) };
  }

  async #readJournal(): Promise<Journal | undefined> {
    const text = await readIfThere(this.#journal);
    return text && (JSON.parse(text.toString('utf8')) as Journal);
  }

  #writeJournal(journal: Journal): Promise<void> {
    return replaceFile(this.#journal, JSON.stringify(journal));
  }
}
