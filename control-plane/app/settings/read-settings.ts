import { mailAvailable, readMailSettings, type StoredMailSettings } from '../../mail/mail-settings.ts';
import { type Installation, readInstallation } from '../../store/installation.ts';
import { type MailFigures, mailFigures } from '../../store/outgoing-mails.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';

/** The settings, and how mail fares by them. */
export interface SettingsView {
  installation: Installation;
  mail: StoredMailSettings;
  figures: MailFigures;
}

/** Reads the settings. */
export async function getSettings({ store }: AppDeps, caller: Caller): Promise<SettingsView> {
  authorise(caller, 'SettingsService.GetSettings');
  const installation = await readInstallation(store.db);
  return { installation, mail: await readMailSettings(store.db), figures: await mailFigures(store.db) };
}

/** Reads what anybody may know. */
export async function getPublicSettings({ store }: AppDeps): Promise<Installation & { mailAvailable: boolean }> {
  return { ...(await readInstallation(store.db)), mailAvailable: await mailAvailable(store.db) };
}
