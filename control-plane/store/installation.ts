import * as z from 'zod';
import { lockSetting, readSetting, writeSetting } from './settings.ts';
import type { Db, Tx } from './store.ts';

const SETTING = 'installation';

const shape = z.object({
  /** What this installation calls itself on pages and in mails. */
  publicName: z.string(),
  /** Whether anybody may ask for an account. */
  registrationOpen: z.boolean(),
  /** Whether an administrator looks at new accounts first. */
  approvalRequired: z.boolean(),
});

/** What administrators have decided for everybody. */
export type Installation = z.infer<typeof shape>;

const INITIALLY: Installation = { publicName: 'Berth', registrationOpen: false, approvalRequired: true };

/** Reads what holds for everybody. */
export async function readInstallation(db: Db): Promise<Installation> {
  return parse((await readSetting(db, SETTING))?.value ?? '');
}

/** Reads what holds for everybody, and keeps others from changing it until the transaction ends. */
export async function lockInstallation(tx: Tx): Promise<Installation> {
  return parse((await lockSetting(tx, SETTING)).value);
}

/** Writes what `lockInstallation` has locked. */
export function writeInstallation(tx: Tx, installation: Installation): Promise<void> {
  return writeSetting(tx, SETTING, { value: JSON.stringify(installation) });
}

function parse(value: string): Installation {
  return value === '' ? INITIALLY : shape.parse(JSON.parse(value));
}
