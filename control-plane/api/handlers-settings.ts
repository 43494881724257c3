import {
  MailSecurity,
  PublicSettingsSchema,
  type Settings,
  SettingsSchema,
  type SettingsService,
} from '@berth/proto/api/v1/settings_pb.js';
import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { sendMailToAll } from '../app/settings/mail-to-all.ts';
import { getPublicSettings, getSettings, type SettingsView } from '../app/settings/read-settings.ts';
import { sendTestMail } from '../app/settings/test-mail.ts';
import { updateSettings } from '../app/settings/write-settings.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { moment } from './shapes.ts';

const SECURITIES = { starttls: MailSecurity.STARTTLS, tls: MailSecurity.TLS, none: MailSecurity.NONE };

/** Settings, and what administrators tell everybody. */
export function settingsHandlers({ app }: ApiDeps): ServiceImpl<typeof SettingsService> {
  return {
    async getPublicSettings() {
      const { publicName, registrationOpen, mailAvailable } = await getPublicSettings(app);
      return { settings: create(PublicSettingsSchema, { publicName, registrationOpen, mailAvailable }) };
    },
    getSettings: async (_, context) => ({ settings: settingsShape(await getSettings(app, callerOf(context))) }),
    async updateSettings(request, context) {
      const caller = callerOf(context);
      await updateSettings(app, caller, request);
      return { settings: settingsShape(await getSettings(app, caller)) };
    },
    sendTestMail: async (request, context) => ({ answer: await sendTestMail(app, callerOf(context), request) }),
    sendMailToAll: async (request, context) => ({ recipients: await sendMailToAll(app, callerOf(context), request) }),
  };
}

function settingsShape({ installation, mail, figures, warnings }: SettingsView): Settings {
  const { host, port, security, username, senderAddress, caPem, passwordSet } = mail;
  const { queued, failed, lastError, lastSentAt } = figures;
  const at = moment(lastSentAt);
  return create(SettingsSchema, {
    ...installation,
    mail: { host, port, security: SECURITIES[security], username, senderAddress, caPem, passwordSet },
    mailState: { queued, failed, lastError, ...(at && { lastSentAt: at }) },
    certificateWarnings: warnings,
  });
}
