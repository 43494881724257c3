import { randomBytes } from 'node:crypto';
import { lockSetting, readSetting, writeSetting } from './settings.ts';
import type { Store } from './store.ts';
import { UniqueViolation } from './violations.ts';

const SETTING = 'installation-id';
const BYTES = 8;

/** What tells this installation from every other, for marks in places that several share: 16 hex digits, made at first use. */
export async function installationId(store: Store): Promise<string> {
  const known = await readSetting(store.db, SETTING);
  if (known?.value) return known.value;
  try {
    return await store.transaction(async (tx) => {
      const { value } = await lockSetting(tx, SETTING);
      if (value !== '') return value;
      const fresh = randomBytes(BYTES).toString('hex');
      await writeSetting(tx, SETTING, { value: fresh });
      return fresh;
    });
  } catch (error) {
    // Another replica was faster.
    if (error instanceof UniqueViolation) return installationId(store);
    throw error;
  }
}
