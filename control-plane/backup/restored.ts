/** How an installation knows that it was restored from a backup: a setting that comes with the rows. */
import * as z from 'zod';
import { readSetting } from '../store/settings.ts';
import type { Db } from '../store/store.ts';

/** Name of the setting. */
export const RESTORED = 'restored';

const shape = z.object({
  /** When the backup was made, ISO 8601. */
  madeAt: z.string(),
  /** When it was restored, ISO 8601. */
  restoredAt: z.string(),
  /** Whether what must not be taken over from the backup as it was has still to be put right. */
  pending: z.boolean(),
});

/** What is known of the last restore. */
export type Restored = z.infer<typeof shape>;

/** The last restore; undefined for an installation that was never restored. */
export async function readRestored(db: Db): Promise<Restored | undefined> {
  const row = await readSetting(db, RESTORED);
  return row?.value ? shape.parse(JSON.parse(row.value)) : undefined;
}

/** The setting's value. */
export function restoredValue(restored: Restored): string {
  return JSON.stringify(restored);
}
