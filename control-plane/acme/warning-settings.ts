import * as z from 'zod';
import type { Row } from '../store/schema.ts';
import { lockSetting, readSetting, writeSetting } from '../store/settings.ts';
import type { Db, Store, Tx } from '../store/store.ts';

const SETTING = 'certificate-warnings';

const shape = z.object({
  /** Steps: so many days before the end, the longest first. */
  days: z.array(z.number()),
  /** Empty: none. */
  webhookUrl: z.string(),
});

/** Who is told before certificates end. */
export type WarningSettings = z.infer<typeof shape>;

/** The same, and whether there is a secret. */
export type StoredWarningSettings = WarningSettings & { webhookSecretSet: boolean };

const INITIALLY: WarningSettings = { days: [14, 7, 3, 1], webhookUrl: '' };

/** The settings, but for the secret. */
export async function readWarningSettings(db: Db): Promise<StoredWarningSettings> {
  return stored(await readSetting(db, SETTING));
}

/** The webhook with its secret; undefined while none is set up. */
export async function readWarningHook({
  db,
  secrets,
}: Pick<Store, 'db' | 'secrets'>): Promise<{ url: string; secret: string } | undefined> {
  const row = await readSetting(db, SETTING);
  const { webhookUrl: url } = stored(row);
  return url !== '' && row?.secret_box ? { url, secret: secrets.open(row.secret_box, SETTING) } : undefined;
}

/** Reads the settings and keeps others from changing them until the transaction ends. */
export async function lockWarningSettings(tx: Tx): Promise<StoredWarningSettings> {
  return stored(await lockSetting(tx, SETTING));
}

/**
 * Writes what `lockWarningSettings` has locked; what waits to be told is told by it at once.
 * @param secret undefined keeps the present one, empty takes it away
 */
export async function writeWarningSettings(tx: Tx, settings: WarningSettings, secret?: string): Promise<void> {
  const box = secret === undefined ? {} : { secret_box: secret ? tx.secrets.seal(secret, SETTING) : null };
  await writeSetting(tx, SETTING, { value: JSON.stringify(shape.parse(settings)), ...box });
  await tx.db
    .updateTable('certificate_warnings')
    .set({ hook_next_at: tx.now })
    .where('hook_state', '=', 'queued')
    .execute();
}

function stored(row: Pick<Row<'settings'>, 'value' | 'secret_box'> | undefined): StoredWarningSettings {
  const settings = row === undefined || row.value === '' ? INITIALLY : shape.parse(JSON.parse(row.value));
  return { ...settings, webhookSecretSet: (row?.secret_box ?? null) !== null };
}
