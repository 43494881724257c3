import { MailSecurity, MailSettingsSchema, type Settings } from '@berth/proto/api/v1/settings_pb.js';
import { create } from '@bufbuild/protobuf';
import type { MailSettings } from '../../mail/mail-settings.ts';
import type { Installation } from '../../store/installation.ts';
import { hostFault } from '../validate/addresses.ts';
import { emailFault } from '../validate/email.ts';
import { rangeFault } from '../validate/numbers.ts';
import { certificatePemFault } from '../validate/pve.ts';
import { lineFault } from '../validate/text.ts';
import type { Violations } from '../validate/violations.ts';
import { HOOK_SECRET_PATH, type WarningFields, warningFieldsOfMessage } from './warning-fields.ts';

/** What administrators decide for everybody, by its path in the API; the password is apart, as it is never read. */
export interface SettingsFields extends WarningFields {
  public_name: string;
  registration_open: boolean;
  approval_required: boolean;
  'mail.host': string;
  'mail.port': number;
  'mail.security': MailSettings['security'] | undefined;
  'mail.username': string;
  'mail.sender_address': string;
  'mail.ca_pem': string;
}

/** The path of the one field that is only written. */
export const PASSWORD_PATH = 'mail.password';

/** Every field that an update may name. */
export const SETTINGS_PATHS = [
  'public_name',
  'registration_open',
  'approval_required',
  'mail.host',
  'mail.port',
  'mail.security',
  'mail.username',
  PASSWORD_PATH,
  'mail.sender_address',
  'mail.ca_pem',
  'certificate_warnings.days',
  'certificate_warnings.webhook_url',
  HOOK_SECRET_PATH,
] as const satisfies (keyof SettingsFields | typeof PASSWORD_PATH | typeof HOOK_SECRET_PATH)[];

/** What an installation is called that nobody has named. */
const DEFAULT_NAME = 'Berth';
const MAX_NAME = 60;
const MAX_USERNAME = 255;
const MAX_PASSWORD = 1024;

const SECURITIES: Partial<Record<MailSecurity, MailSettings['security']>> = {
  [MailSecurity.UNSPECIFIED]: 'starttls',
  [MailSecurity.STARTTLS]: 'starttls',
  [MailSecurity.TLS]: 'tls',
  [MailSecurity.NONE]: 'none',
};

/** The fields of a message, defaults filled in. */
export function fieldsOfMessage(settings: Settings): SettingsFields {
  const mail = settings.mail ?? create(MailSettingsSchema);
  return {
    public_name: settings.publicName.trim() || DEFAULT_NAME,
    registration_open: settings.registrationOpen,
    approval_required: settings.approvalRequired,
    'mail.host': mail.host,
    'mail.port': mail.port,
    'mail.security': SECURITIES[mail.security],
    'mail.username': mail.username,
    'mail.sender_address': mail.senderAddress,
    'mail.ca_pem': mail.caPem,
    ...warningFieldsOfMessage(settings.certificateWarnings),
  };
}

/** The fields of what is stored. */
export function fieldsOfStored(
  installation: Installation,
  mail: MailSettings,
): Omit<SettingsFields, keyof WarningFields> {
  return {
    public_name: installation.publicName,
    registration_open: installation.registrationOpen,
    approval_required: installation.approvalRequired,
    'mail.host': mail.host,
    'mail.port': mail.port,
    'mail.security': mail.security,
    'mail.username': mail.username,
    'mail.sender_address': mail.senderAddress,
    'mail.ca_pem': mail.caPem,
  };
}

/** What the fields say of the installation. */
export function installationOf(fields: SettingsFields): Installation {
  return {
    publicName: fields.public_name,
    registrationOpen: fields.registration_open,
    approvalRequired: fields.approval_required,
  };
}

/** What the fields say of mail. */
export function mailSettingsOf(fields: SettingsFields): MailSettings {
  return {
    host: fields['mail.host'],
    port: fields['mail.port'],
    security: fields['mail.security'] ?? 'starttls',
    username: fields['mail.username'],
    senderAddress: fields['mail.sender_address'],
    caPem: fields['mail.ca_pem'],
  };
}

/** Checks every field by itself and, where those are right, against one another. */
export function checkSettings(fields: SettingsFields, password: string, found: Violations): void {
  const check = (path: string, fault: string | undefined) => found.check(`settings.${path}`, fault);
  check('public_name', lineFault(fields.public_name, MAX_NAME));
  const host = fields['mail.host'];
  if (host !== '') check('mail.host', hostFault(host));
  check('mail.port', rangeFault(fields['mail.port'], 0, 65_535));
  if (fields['mail.security'] === undefined) check('mail.security', 'must be STARTTLS, TLS or none');
  check('mail.username', lineFault(fields['mail.username'], MAX_USERNAME));
  check(PASSWORD_PATH, lineFault(password, MAX_PASSWORD));
  const sender = fields['mail.sender_address'];
  if (sender !== '' || host !== '') check('mail.sender_address', emailFault(sender));
  check('mail.ca_pem', certificatePemFault(fields['mail.ca_pem']));
  if (fields['mail.security'] === 'none' && fields['mail.username'] !== '') {
    check('mail.security', 'must be STARTTLS or TLS where a user name is given, or its password travels in the clear');
  }
}
