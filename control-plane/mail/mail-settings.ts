import * as z from 'zod';
import type { Row } from '../store/schema.ts';
import { lockSetting, readSetting, writeSetting } from '../store/settings.ts';
import type { Db, Store, Tx } from '../store/store.ts';

const SETTING = 'mail';

const shape = z.object({
  /** Name or address of the mail server; empty while mail is not set up. */
  host: z.string(),
  /** 0: the usual one for `security`. */
  port: z.number(),
  security: z.enum(['starttls', 'tls', 'none']),
  /** As whom to sign in; empty: not at all. */
  username: z.string(),
  /** What mails come from. */
  senderAddress: z.string(),
  /** Authority of the server's certificate, PEM; empty: those the system knows. */
  caPem: z.string(),
});

/** How mail is sent. */
export type MailSettings = z.infer<typeof shape>;

/** How mail is sent, and whether there is a password. */
export type StoredMailSettings = MailSettings & { passwordSet: boolean };

/** How mail is sent, with what proves who we are. */
export interface MailAccount extends MailSettings {
  password: string;
}

const NOT_SET_UP: MailSettings = {
  host: '',
  port: 0,
  security: 'starttls',
  username: '',
  senderAddress: '',
  caPem: '',
};

/** The settings, but for the password. */
export async function readMailSettings(db: Db): Promise<StoredMailSettings> {
  return stored(await readSetting(db, SETTING));
}

/** Whether mail can be sent at all. */
export async function mailAvailable(db: Db): Promise<boolean> {
  return (await readMailSettings(db)).host !== '';
}

/** Everything needed to send; undefined while mail is not set up. */
export async function readMailAccount({
  db,
  secrets,
}: Pick<Store, 'db' | 'secrets'>): Promise<MailAccount | undefined> {
  const row = await readSetting(db, SETTING);
  const settings = parse(row?.value ?? '');
  if (settings.host === '') return undefined;
  return { ...settings, password: row?.secret_box ? secrets.open(row.secret_box, SETTING) : '' };
}

/** Reads the settings as `readMailSettings` does, and keeps others from changing them until the transaction ends. */
export async function lockMailSettings(tx: Tx): Promise<StoredMailSettings> {
  return stored(await lockSetting(tx, SETTING));
}

/**
 * Writes what `lockMailSettings` has locked; whatever waits to be sent is tried again by it at once.
 * @param password undefined keeps the present one, empty takes it away
 */
export async function writeMailSettings(tx: Tx, settings: MailSettings, password?: string): Promise<void> {
  const secret = password === undefined ? {} : { secret_box: password ? tx.secrets.seal(password, SETTING) : null };
  await writeSetting(tx, SETTING, { value: JSON.stringify(shape.parse(settings)), ...secret });
  await tx.db.updateTable('outgoing_mails').set({ next_attempt_at: tx.now }).where('state', '=', 'queued').execute();
  tx.nudge({ kind: 'mail', id: '' });
}

function stored(row: Pick<Row<'settings'>, 'value' | 'secret_box'> | undefined): StoredMailSettings {
  return { ...parse(row?.value ?? ''), passwordSet: (row?.secret_box ?? null) !== null };
}

function parse(value: string): MailSettings {
  return value === '' ? NOT_SET_UP : shape.parse(JSON.parse(value));
}
