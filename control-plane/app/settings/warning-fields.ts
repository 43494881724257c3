import { type CertificateWarningSettings, CertificateWarningSettingsSchema } from '@berth/proto/api/v1/settings_pb.js';
import { create } from '@bufbuild/protobuf';
import type { WarningSettings } from '../../acme/warning-settings.ts';
import { rangeFault } from '../validate/numbers.ts';
import { lineFault } from '../validate/text.ts';
import type { Violations } from '../validate/violations.ts';

/** Who is told before certificates end, by its path in the API; the secret is apart, as it is never read. */
export interface WarningFields {
  'certificate_warnings.days': number[];
  'certificate_warnings.webhook_url': string;
}

/** The path of the one field that is only written. */
export const HOOK_SECRET_PATH = 'certificate_warnings.webhook_secret';

const MOST_STEPS = 10;
const MAX_DAYS = 365;
const MAX_URL = 500;
const SECRET = { min: 16, max: 255 };

/** The fields of a message; steps once each, the longest first. */
export function warningFieldsOfMessage(message: CertificateWarningSettings | undefined): WarningFields {
  const { days, webhookUrl } = message ?? create(CertificateWarningSettingsSchema);
  const steps = [...new Set(days)].sort((a, b) => b - a);
  return { 'certificate_warnings.days': steps, 'certificate_warnings.webhook_url': webhookUrl.trim() };
}

/** The fields of what is stored. */
export function warningFieldsOfStored({ days, webhookUrl }: WarningSettings): WarningFields {
  return { 'certificate_warnings.days': days, 'certificate_warnings.webhook_url': webhookUrl };
}

/** What the fields say. */
export function warningSettingsOf(fields: WarningFields): WarningSettings {
  return { days: fields['certificate_warnings.days'], webhookUrl: fields['certificate_warnings.webhook_url'] };
}

/** Checks the fields. @param secret what is to be kept from now on; undefined: what is kept already, if anything is */
export function checkWarningFields(
  fields: WarningFields,
  { secret, kept }: { secret: string | undefined; kept: boolean },
  found: Violations,
): void {
  const days = fields['certificate_warnings.days'];
  const wrong = days.find((step) => rangeFault(step, 1, MAX_DAYS) !== undefined);
  const tooMany = days.length > MOST_STEPS ? `must be at most ${MOST_STEPS}` : undefined;
  found.check(
    'settings.certificate_warnings.days',
    tooMany ?? (wrong === undefined ? undefined : rangeFault(wrong, 1, MAX_DAYS)),
  );
  const url = fields['certificate_warnings.webhook_url'];
  found.check('settings.certificate_warnings.webhook_url', url === '' ? undefined : hookFault(url));
  found.check(`settings.${HOOK_SECRET_PATH}`, secretFault(secret, url !== '' && !kept));
}

/** An https URL without a name and password in it; on this machine's loopback http is as good. */
function hookFault(text: string): string | undefined {
  const fault = lineFault(text, MAX_URL);
  if (fault) return fault;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && url.hostname === '127.0.0.1');
  const plain = url !== undefined && url.username === '' && url.password === '' && url.hash === '';
  return secure && plain ? undefined : 'must be an https URL such as "https://ops.example.org/berth"';
}

function secretFault(secret: string | undefined, wanted: boolean): string | undefined {
  if (secret === undefined || secret === '') return wanted ? 'is required with a webhook' : undefined;
  if (secret.length < SECRET.min) return `must have at least ${SECRET.min} characters`;
  return lineFault(secret, SECRET.max);
}
