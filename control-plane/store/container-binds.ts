/**
 * How containers bind to the directory: each by a random secret of its own, of which only a hash is kept.
 *
 * A secret is changed in two steps, so that a guest that crashes in between holds one that works, whichever it has:
 * the new one is given out while the former goes on working, and once the guest has confirmed that it keeps the new
 * one, the former ends after a moment for connections that are on their way.
 */
import { createHash, randomBytes } from 'node:crypto';
import { bumpDirectory } from './directory-changes.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

const DAY_MS = 24 * 3_600_000;
/** How long a former secret works while nobody confirms the new one. */
const UNCONFIRMED_MS = 30 * DAY_MS;
/** How long it works once the new one is confirmed. */
const CONFIRMED_MS = 5 * 60_000;

/** How a container binds, or undefined while it has no secret. */
export function containerBind(db: Db, containerId: string): Promise<Row<'container_binds'> | undefined> {
  return db.selectFrom('container_binds').selectAll().where('container_id', '=', containerId).executeTakeFirst();
}

/** Whether a secret is a container's: the current one, or a former one that still works. */
export function bindSecretFits(row: Row<'container_binds'>, secret: string, now: number): boolean {
  return hashInUse(row, secret, now) !== undefined;
}

/**
 * Gives a container a new secret.
 * @param kept what goes on working until the new one is confirmed: a secret in use, the current one, or nothing
 * @returns the secret, which is kept nowhere
 */
export async function renewBindSecret(
  tx: Tx,
  containerId: string,
  kept: { secret: string } | 'current' | 'nothing',
): Promise<string> {
  const secret = `beb_${randomBytes(32).toString('base64url')}`;
  const row = await containerBind(tx.db, containerId);
  const former = (row && hashToKeep(row, kept, tx.now)) ?? null;
  const values = {
    secret_hash: hashOf(secret),
    former_hash: former,
    former_until: former === null ? null : tx.now + UNCONFIRMED_MS,
    rotated_at: tx.now,
  };
  if (row) await tx.db.updateTable('container_binds').set(values).where('container_id', '=', containerId).execute();
  else
    await tx.db
      .insertInto('container_binds')
      .values({ ...values, container_id: containerId })
      .execute();
  await bumpDirectory(tx, 'container', containerId);
  return secret;
}

/** The guest keeps its new secret: the former ends soon. */
export async function confirmBindSecret(tx: Tx, row: Row<'container_binds'>): Promise<void> {
  if (row.former_until === null || row.former_until <= tx.now + CONFIRMED_MS) return;
  await tx.db
    .updateTable('container_binds')
    .set({ former_until: tx.now + CONFIRMED_MS })
    .where('container_id', '=', row.container_id)
    .where('secret_hash', '=', row.secret_hash)
    .execute();
  await bumpDirectory(tx, 'container', row.container_id);
}

/** Whether a secret is the current one, as opposed to a former one. */
export function isCurrentSecret(row: Row<'container_binds'>, secret: string): boolean {
  return row.secret_hash === hashOf(secret);
}

function hashToKeep(
  row: Row<'container_binds'>,
  kept: Parameters<typeof renewBindSecret>[2],
  now: number,
): string | undefined {
  if (kept === 'nothing') return undefined;
  return kept === 'current' ? row.secret_hash : hashInUse(row, kept.secret, now);
}

function hashInUse(row: Row<'container_binds'>, secret: string, now: number): string | undefined {
  const hash = hashOf(secret);
  if (hash === row.secret_hash) return hash;
  return hash === row.former_hash && (row.former_until ?? 0) > now ? hash : undefined;
}

// Secrets are random, so comparing hashes gives nothing away and no slow hash is needed.
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
