import { readWarningSettings, type StoredWarningSettings } from '../../acme/warning-settings.ts';
import { mailAvailable, readMailSettings, type StoredMailSettings } from '../../mail/mail-settings.ts';
import { lastHookError } from '../../store/certificate-warnings.ts';
import { type Installation, readInstallation } from '../../store/installation.ts';
import { type MailFigures, mailFigures } from '../../store/outgoing-mails.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';

/** The settings, and how mail fares by them. */
export interface SettingsView {
  installation: Installation;
  mail: StoredMailSettings;
  figures: MailFigures;
  warnings: StoredWarningSettings & { webhookLastError: string };
}

/** Reads the settings. */
export async function getSettings({ store }: AppDeps, caller: Caller): Promise<SettingsView> {
  authorise(caller, 'SettingsService.GetSettings');
  const installation = await readInstallation(store.db);
  const warnings = { ...(await readWarningSettings(store.db)), webhookLastError: await lastHookError(store.db) };
  const mail = await readMailSettings(store.db);
  return { installation, mail, figures: await mailFigures(store.db), warnings };
}

/** Reads what anybody may know. */
export async function getPublicSettings({ store }: AppDeps): Promise<Installation & { mailAvailable: boolean }> {
  return { ...(await readInstallation(store.db)), mailAvailable: await mailAvailable(store.db) };
}
