/**
 * Backup: what the database holds at one moment, with the key its secrets are sealed under, in one encrypted file. The
 * control plane goes on meanwhile and is not asked: the database itself gives the moment. Nothing is held in memory but
 * a few hundred rows.
 *
 * The key of the secrets lies inside, under the key of the backup. Sealing every secret anew under another key would need
 * all of them opened while the backup is made, and would not make the file any safer: whoever can open it has them
 * either way. What belongs to a host stays out: its replica's identifier, ca.pem and the set-up code are made anew.
 */

import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import manifest from '../package.json' with { type: 'json' };
import { type Counts, type Keys, type Part, readContent, writeContent } from './content.ts';
import { openRaw } from './raw-database.ts';
import { type Header, openSealed, seal } from './sealed-file.ts';
import { snapshotOf } from './snapshot.ts';

/** What to back up. */
export interface BackupSource {
  databaseUrl: string;
  masterKey: Uint8Array;
  /** Milliseconds since the epoch. */
  now: number;
  /** Told what went in, at the end. */
  counted?: (counts: Counts) => void;
}

/** The bytes of a backup as they are made. @param key 32 bytes @throws BackupError, or the engine's own error */
export async function* makeBackup(source: BackupSource, key: Uint8Array): AsyncGenerator<Buffer> {
  const raw = await openRaw(source.databaseUrl);
  try {
    const snapshot = await snapshotOf(raw);
    const about = {
      berth: manifest.version,
      schema: snapshot.schema,
      madeAt: new Date(source.now).toISOString(),
    };
    const keys: Keys = { masterKey: Buffer.from(source.masterKey).toString('base64') };
    yield* seal(about, key, through(writeContent(snapshot, keys, source.counted), createZstdCompress()));
  } finally {
    await raw.close();
  }
}

/** Opens a backup. Its parts are authenticated as they come; it is whole when "done" has come. */
export async function openBackup(
  source: AsyncIterable<Uint8Array>,
  key: Uint8Array,
): Promise<{ header: Header; parts: AsyncGenerator<Part> }> {
  const { header, content } = await openSealed(source, key);
  return { header, parts: readContent(through(content, createZstdDecompress())) };
}

/** What a backup holds. */
export interface Contents {
  header: Header;
  counts: Counts;
  /** Rows by table. */
  tables: Map<string, number>;
}

/** Reads all of a backup. @throws BackupError naming what is wrong with it */
export async function verifyBackup(source: AsyncIterable<Uint8Array>, key: Uint8Array): Promise<Contents> {
  const { header, parts } = await openBackup(source, key);
  const tables = new Map<string, number>();
  let counts: Counts = { tables: 0, rows: 0 };
  for await (const part of parts) {
    if (part.kind === 'table') tables.set(part.table.name, 0);
    if (part.kind === 'rows') tables.set(part.table.name, (tables.get(part.table.name) ?? 0) + part.rows.length);
    if (part.kind === 'done') counts = part.counts;
  }
  return { header, counts, tables };
}

/** An error of the source comes through as it is. */
async function* through(source: AsyncIterable<Uint8Array>, transform: Duplex): AsyncGenerator<Uint8Array> {
  const done = pipeline(Readable.from(source, { objectMode: false }), transform);
  // It is told by the stream that is read.
  done.catch(() => undefined);
  yield* transform;
  await done;
}
