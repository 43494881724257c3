import { z } from 'zod';
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

/** Changes what holds for everybody; `change` gets what holds now. */
export async function changeInstallation(tx: Tx, change: (present: Installation) => Installation): Promise<void> {
  const { value } = await lockSetting(tx, SETTING);
  await writeSetting(tx, SETTING, { value: JSON.stringify(change(parse(value))) });
}

function parse(value: string): Installation {
  return value === '' ? INITIALLY : shape.parse(JSON.parse(value));
}
