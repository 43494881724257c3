/** Bad values for the requests about settings, mail and coming in; see api-bad-input.table.ts. */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { type BadInputs, HOSTILE, KEY, listed, MASK, NAME, named, nothing, REFERENCE } from './api-bad-input.values.ts';

type MailRpc = Extract<Rpc, `SettingsService.${string}` | `SignUpService.${string}`>;

const EMAIL = ['ada', '@example.org', 'ada@lab', 'Ada <ada@example.org>', 'a@b.example,c@d.example', ...HOSTILE];

const TOKEN = `bml_${'A'.repeat(43)}`;
/** The last one is well made, but of no link there is. */
const BAD_TOKEN = ['', 'x', 'bml_', `${TOKEN}A`, `bes_${'A'.repeat(43)}`, ...HOSTILE, TOKEN];
const PASSWORD = 'six gulls over the breakwater';
const BAD_PASSWORD = ['', 'short', 'password1234', 'aaaaaaaaaaaa', 'x'.repeat(1_025)];
const DISPLAY_NAME = ['a:b', 'a\nb', 'a\0b', 'a\u202eb', 'x'.repeat(101)];
const USERNAME = ['Root', '1a', 'root', 'sudo', ...NAME];

const invitation = { email: 'new@harbour.example', username: 'new', display_name: 'New', groups: ['sysadmins'] };

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
        certificate_warnings: {
          days: [14, 3],
          webhook_url: 'https://ops.example/berth',
          webhook_secret: 'gulls over the breakwater',
        },
      },
      update_mask:
        'certificateWarnings.days,certificateWarnings.webhookUrl,certificateWarnings.webhookSecret,publicName,registrationOpen,approvalRequired,mail.host,mail.port,mail.security,mail.username,mail.password,mail.senderAddress,mail.caPem',
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
      'settings.certificate_warnings.days[]': [0, 366, 4_294_967_295],
      'settings.certificate_warnings.webhook_url': [
        'ops.example',
        'http://ops.example',
        'https://a:b@ops.example',
        'file:///etc/passwd',
        `https://ops.example/${'x'.repeat(500)}`,
        ...HOSTILE,
      ],
      'settings.certificate_warnings.webhook_secret': ['', 'short', 'a\nb'.repeat(8), 'x'.repeat(256)],
      update_mask: [...MASK, 'mail', 'mail.passwordSet', 'mailState', 'certificateWarnings'],
    },
    free: [
      'settings.registration_open',
      'settings.approval_required',
      'settings.mail.password_set',
      'settings.certificate_warnings.webhook_secret_set',
      'settings.certificate_warnings.webhook_last_error',
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

  'SignUpService.Register': {
    good: { username: 'newcomer', display_name: 'New', email: 'newcomer@harbour.example', password: PASSWORD },
    bad: {
      username: USERNAME,
      display_name: DISPLAY_NAME,
      email: ['', ...EMAIL],
      password: ['newcomer newcomer', ...BAD_PASSWORD],
    },
  },
  'SignUpService.VerifyEmail': {
    good: { token: TOKEN },
    bad: { token: BAD_TOKEN, username: USERNAME.filter((name) => name !== '') },
  },
  'SignUpService.InspectLink': { good: { token: TOKEN }, bad: { token: BAD_TOKEN } },
  'SignUpService.RequestPasswordReset': {
    good: { login: 'sam' },
    bad: { login: ['', ' ', 'a\nb', 'a\0b', 'x'.repeat(255)] },
  },
  'SignUpService.ResetPassword': {
    good: { token: TOKEN, password: PASSWORD },
    bad: { token: BAD_TOKEN, password: BAD_PASSWORD },
  },
  'SignUpService.InviteUser': {
    good: { invitation },
    bad: {
      'invitation.email': ['', ...EMAIL],
      'invitation.username': USERNAME.filter((name) => name !== ''),
      'invitation.display_name': DISPLAY_NAME,
      'invitation.groups[]': ['ldapusers', ...REFERENCE],
      idempotency_key: KEY,
    },
    free: ['id', 'invited_by', 'delivery', 'delivery_error', 'created_at', 'expires_at'].map(
      (field) => `invitation.${field}`,
    ),
  },
  'SignUpService.ListInvitations': listed(),
  'SignUpService.ResendInvitation': named('invitation', 'lnk-nobody'),
  'SignUpService.DeleteInvitation': named('invitation', 'lnk-nobody'),
  'SignUpService.AcceptInvitation': {
    good: { token: TOKEN, username: 'newcomer', display_name: 'New', password: PASSWORD },
    bad: { token: BAD_TOKEN, username: USERNAME, display_name: DISPLAY_NAME, password: BAD_PASSWORD },
  },
};
