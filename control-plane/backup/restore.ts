/** Restore: a backup into an empty database, and its key beside it. */
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ENCRYPTED_SUFFIX, encryptCredential } from '../host/credentials.ts';
import { loadMasterKey } from '../master-key.ts';
import { openStore } from '../store/open.ts';
import { openBackup } from './backup.ts';
import { BackupError } from './backup-error.ts';
import type { Counts, Part } from './content.ts';
import { fillDatabase, type Rows, requireEmpty } from './fill.ts';
import { finishRestore } from './finish-restore.ts';
import type { RawDatabase } from './raw-database.ts';
import { RESTORED, restoredValue } from './restored.ts';
import type { Table } from './rows.ts';
import type { Header } from './sealed-file.ts';

/** Where to restore to. */
export interface RestoreTarget {
  databaseUrl: string;
  masterKeyFile: string;
  stateDir: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** What was restored. */
export interface RestoreOutcome {
  header: Header;
  counts: Counts;
  /** Where a key that was in the way lies now. */
  formerKeyFile: string | undefined;
}

/**
 * Restores a backup. Rows become visible all at once and only when the whole file has been read and authenticated.
 * @param key of the backup
 * @throws BackupError, or the engine's own error; the database is as good as empty then
 */
export async function restoreBackup(
  source: AsyncIterable<Uint8Array>,
  key: Uint8Array,
  target: RestoreTarget,
): Promise<RestoreOutcome> {
  const { header, parts } = await openBackup(source, key);
  await requireEmpty(target.databaseUrl);
  const reading = new Reading(parts);
  let formerKeyFile: string | undefined;
  const counts = await fillDatabase(target.databaseUrl, header.schema, reading.rows(), async (raw, tables) => {
    await noteRestored(raw, tables, header, target.now);
    formerKeyFile = placeMasterKey(target, reading.masterKey);
  });
  // A restored replica is a new one: the former may still have sessions somewhere under its name.
  rmSync(join(target.stateDir, 'replica-id'), { force: true });
  const store = await openStore({ url: target.databaseUrl, masterKey: reading.masterKey });
  try {
    await finishRestore(store);
  } finally {
    await store.close();
  }
  giveToOwner(target);
  return { header, counts: { ...counts, tables: reading.counts.tables }, formerKeyFile };
}

/** Reads a backup's parts once. */
class Reading {
  readonly #parts: AsyncIterable<Part>;
  counts: Counts = { tables: 0, rows: 0 };
  #masterKey: Uint8Array | undefined;

  constructor(parts: AsyncIterable<Part>) {
    this.#parts = parts;
  }

  /** The key of the secrets; known once rows have been read. */
  get masterKey(): Uint8Array {
    if (this.#masterKey?.length === 32) return this.#masterKey;
    throw new BackupError('malformed', 'This backup holds no key of secrets.');
  }

  async *rows(): Rows {
    for await (const part of this.#parts) {
      if (part.kind === 'keys') this.#masterKey = Buffer.from(part.keys.masterKey, 'base64');
      if (part.kind === 'rows') yield part;
      if (part.kind === 'done') this.counts = part.counts;
    }
  }
}

async function noteRestored(raw: RawDatabase, tables: readonly Table[], header: Header, now: number): Promise<void> {
  const settings = tables.find(({ name }) => name === 'settings');
  if (!settings) throw new BackupError('malformed', 'This backup has no table of settings.');
  await raw.query(`delete from ${raw.quote('settings')} where ${raw.quote('name')} = '${RESTORED}'`);
  const { madeAt } = header;
  const values = new Map<string, string | number | null>([
    ['name', RESTORED],
    ['value', restoredValue({ madeAt, restoredAt: new Date(now).toISOString(), pending: true })],
    ['secret_box', null],
    ['updated_at', now],
  ]);
  await raw.insert(settings, [settings.columns.map(({ name }) => values.get(name) ?? null)]);
}

/** @returns where a key that was there before lies now: no key is ever written over */
function placeMasterKey({ masterKeyFile: file, now }: RestoreTarget, key: Uint8Array): string | undefined {
  let former: string | undefined;
  if (existsSync(file)) {
    if (Buffer.from(loadMasterKey(file)).equals(key)) return undefined;
    former = `${file}.before-restore-${now}`;
    renameSync(file, former);
  }
  const text = `${Buffer.from(key).toString('base64')}\n`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (file.endsWith(ENCRYPTED_SUFFIX)) encryptCredential(basename(file), text, file);
  else writeFileSync(file, text, { mode: 0o600, flush: true });
  return former;
}

/** What root has made in a service's directory becomes the service's. */
function giveToOwner({ databaseUrl, masterKeyFile, stateDir }: RestoreTarget): void {
  if (process.getuid?.() !== 0 || !existsSync(stateDir)) return;
  const { uid, gid } = statSync(stateDir);
  const files = [databaseUrl.replace(/^sqlite:/, ''), masterKeyFile];
  for (const file of files.flatMap((each) => [each, `${each}-wal`, `${each}-shm`])) {
    if (dirname(file) === stateDir && existsSync(file)) chownSync(file, uid, gid);
  }
}
