import { z } from 'zod';
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

/** The settings without the password, and whether there is one. */
export async function readMailSettings(db: Db): Promise<MailSettings & { passwordSet: boolean }> {
  const row = await readSetting(db, SETTING);
  return { ...parse(row?.value ?? ''), passwordSet: (row?.secret_box ?? null) !== null };
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

/**
 * Changes the settings; whatever waits to be sent is tried again by them at once.
 * @param change gets the present ones; `password` undefined keeps the present one, empty takes it away
 */
export async function changeMailSettings(
  tx: Tx,
  change: (present: MailSettings & { passwordSet: boolean }) => {
    settings: MailSettings;
    password?: string | undefined;
  },
): Promise<void> {
  const row = await lockSetting(tx, SETTING);
  const { settings, password } = change({ ...parse(row.value), passwordSet: row.secret_box !== null });
  const secret = password === undefined ? {} : { secret_box: password ? tx.secrets.seal(password, SETTING) : null };
  await writeSetting(tx, SETTING, { value: JSON.stringify(settings), ...secret });
  await tx.db.updateTable('outgoing_mails').set({ next_attempt_at: tx.now }).where('state', '=', 'queued').execute();
  tx.nudge({ kind: 'mail', id: '' });
}

function parse(value: string): MailSettings {
  return value === '' ? NOT_SET_UP : shape.parse(JSON.parse(value));
}
