import { SettingsSchema, type UpdateSettingsRequest } from '@berth/proto/api/v1/settings_pb.js';
import { create } from '@bufbuild/protobuf';
import { lockWarningSettings, writeWarningSettings } from '../../acme/warning-settings.ts';
import { lockMailSettings, writeMailSettings } from '../../mail/mail-settings.ts';
import { lockInstallation, writeInstallation } from '../../store/installation.ts';
import type { Store, Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { Violations } from '../validate/violations.ts';
import {
  checkSettings,
  fieldsOfMessage,
  fieldsOfStored,
  installationOf,
  mailSettingsOf,
  PASSWORD_PATH,
  SETTINGS_PATHS,
  type SettingsFields,
} from './settings-fields.ts';
import { checkWarningFields, HOOK_SECRET_PATH, warningFieldsOfStored, warningSettingsOf } from './warning-fields.ts';

/** What an update asks for; a secret that is undefined keeps the present one, an empty one takes it away. */
interface Asked {
  fields: Partial<SettingsFields>;
  password: string | undefined;
  hookSecret: string | undefined;
}

/**
 * Changes the fields the mask names. Another mail server wants its password given anew: what was meant for one must
 * not be sent to another, wherever somebody points it.
 */
export async function updateSettings({ store }: AppDeps, caller: Caller, request: UpdateSettingsRequest) {
  authorise(caller, 'SettingsService.UpdateSettings');
  const settings = request.settings ?? create(SettingsSchema);
  const found = new Violations();
  const paths = maskPaths(request.updateMask, SETTINGS_PATHS, found);
  found.refuse();
  const named = Object.entries(fieldsOfMessage(settings)).filter(([path]) => paths.has(path));
  const fields = Object.fromEntries(named) as Partial<SettingsFields>;
  const password = paths.has(PASSWORD_PATH) ? (settings.mail?.password ?? '') : undefined;
  const hookSecret = paths.has(HOOK_SECRET_PATH) ? (settings.certificateWarnings?.webhookSecret ?? '') : undefined;
  await firstAgain(store, (tx) => change(tx, caller, { fields, password, hookSecret }));
}

async function change(tx: Tx, caller: Caller, { fields, password, hookSecret }: Asked): Promise<void> {
  const installation = await lockInstallation(tx);
  const mail = await lockMailSettings(tx);
  const warnings = await lockWarningSettings(tx);
  const before: SettingsFields = { ...fieldsOfStored(installation, mail), ...warningFieldsOfStored(warnings) };
  const after: SettingsFields = { ...before, ...fields };
  const found = new Violations();
  checkSettings(after, password ?? '', found);
  if (mail.passwordSet && password === undefined && after['mail.host'] !== before['mail.host']) {
    found.check(`settings.${PASSWORD_PATH}`, 'must be given anew for another server');
  }
  const kept = warnings.webhookSecretSet && hookSecret === undefined;
  checkWarningFields(after, { secret: hookSecret, kept }, found);
  found.refuse();
  await writeInstallation(tx, installationOf(after));
  await writeMailSettings(tx, mailSettingsOf(after), password);
  await writeWarningSettings(tx, warningSettingsOf(after), hookSecret);
  await record(tx, caller, {
    action: 'settings.update',
    siteId: null,
    objectKind: 'settings',
    objectId: 'settings',
    change: { ...difference(before, after), ...said(PASSWORD_PATH, password), ...said(HOOK_SECRET_PATH, hookSecret) },
  });
}

/** What the audit says of a secret. */
function said(path: string, secret: string | undefined): Record<string, string> {
  return secret === undefined ? {} : { [path]: secret ? 'set' : 'taken away' };
}

/** Runs the work again when another makes the same setting for the first time at this moment. */
async function firstAgain(store: Store, work: (tx: Tx) => Promise<void>): Promise<void> {
  try {
    await store.transaction(work);
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    await store.transaction(work);
  }
}
