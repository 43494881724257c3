/** Bad values for the requests about settings, mail and coming in; see api-bad-input.table.ts. */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { type BadInputs, HOSTILE, KEY, MASK, nothing } from './api-bad-input.values.ts';

type MailRpc = Extract<Rpc, `SettingsService.${string}`>;

const EMAIL = ['ada', '@example.org', 'ada@lab', 'Ada <ada@example.org>', 'a@b.example,c@d.example', ...HOSTILE];

/** The rows of these RPCs. */
export const mailBadInputs: Record<MailRpc, BadInputs> = {
  'SettingsService.GetPublicSettings': nothing,
  'SettingsService.GetSettings': nothing,
  'SettingsService.UpdateSettings': {
    good: {
      settings: {
        public_name: 'Harbour',
        registration_open: true,
        approval_required: true,
        mail: {
          host: 'mail.example',
          port: 587,
          security: 'MAIL_SECURITY_STARTTLS',
          username: 'berth',
          password: 'secret',
          sender_address: 'berth@harbour.example',
          ca_pem: '',
        },
      },
      update_mask:
        'publicName,registrationOpen,approvalRequired,mail.host,mail.port,mail.security,mail.username,mail.password,mail.senderAddress,mail.caPem',
    },
    bad: {
      'settings.public_name': ['a\0b', 'a\nb', 'a\u202eb', 'x'.repeat(61)],
      'settings.mail.host': ['http://mail.example', 'mail.example:25', '1.2.3', ...HOSTILE],
      'settings.mail.port': [65_536, 4_294_967_295],
      'settings.mail.security': [99, 'MAIL_SECURITY_NONE'],
      'settings.mail.username': ['a\nb', 'a\0b', 'x'.repeat(256)],
      'settings.mail.password': ['a\nb', 'a\0b', 'x'.repeat(1_025)],
      'settings.mail.sender_address': ['', ...EMAIL],
      'settings.mail.ca_pem': ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', ...HOSTILE],
      update_mask: [...MASK, 'mail', 'mail.passwordSet', 'mailState'],
    },
    free: [
      'settings.registration_open',
      'settings.approval_required',
      'settings.mail.password_set',
      ...['queued', 'failed', 'last_error', 'last_sent_at'].map((field) => `settings.mail_state.${field}`),
    ],
  },
  'SettingsService.SendTestMail': {
    good: { recipient: 'ada@harbour.example' },
    bad: { recipient: ['', ...EMAIL] },
  },
  'SettingsService.SendMailToAll': {
    good: { subject: 'The harbour closes at nine', text: 'From Monday on.' },
    bad: {
      subject: ['', ' ', 'a\nb', 'a\0b', 'x'.repeat(201)],
      text: ['', ' \n', 'a\0b', 'a\u202eb', 'x'.repeat(20_001)],
      idempotency_key: KEY,
    },
  },
};
