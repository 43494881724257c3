/** What needs attention about a domain, read off what is known of it. */
import type { Row } from '../../store/schema.ts';
import { PROOF_MS } from './proof.ts';
import type { DomainView } from './read-domains.ts';

const DAY_MS = 24 * 3_600_000;
/** Days before its end at which a certificate is warned of, and at which it is urgent. */
const SOON_DAYS = 14;
const URGENT_DAYS = 3;
const MOST = 20;

/** One thing that needs attention. */
export type DomainCondition = Pick<Row<'conditions'>, 'kind' | 'severity' | 'subject' | 'message' | 'since'>;

/** What needs attention, at most 20 of a kind. @param now milliseconds since the epoch */
export function domainConditions(view: DomainView, now: number): DomainCondition[] {
  if (view.domain.verified_at === null) return [notVerified(view.domain)];
  return [...orders(view, now), ...uploaded(view, now), ...records(view), ...view.elsewhere.slice(0, MOST)];
}

function notVerified({ name, created_at }: Row<'domains'>): DomainCondition {
  const until = new Date(created_at + PROOF_MS).toISOString().slice(0, 10);
  const message = `The ownership of ${name} is not proven; until then nothing is served, and on ${until} it is forgotten.`;
  return { kind: 'domain_not_verified', severity: 'warning', subject: name, message, since: created_at };
}

function orders({ domain, managed }: DomainView, now: number): DomainCondition[] {
  if (!isManaged(domain)) return [];
  return managed.flatMap((row) => orderOf(row, now) ?? []).slice(0, MOST);
}

function orderOf(row: DomainView['managed'][number], now: number): DomainCondition | undefined {
  const { name: subject, last_error: error, not_after: end } = row;
  const since = row.last_error_at ?? row.created_at;
  if (end !== null && end <= now) {
    return { kind: 'certificate_expired', severity: 'error', subject, message: ended(subject, end, error), since: end };
  }
  if (row.state !== 'failed' && row.state !== 'expired') return undefined;
  const left = end === null ? Number.POSITIVE_INFINITY : daysUntil(end, now);
  const served = end === null ? 'A self-signed one is served.' : `What is served ends in ${days(left)}.`;
  const message = `The certificate for ${subject} could not be had: ${error || 'it is tried again'}. ${served}`;
  const severity = left <= URGENT_DAYS ? 'error' : 'warning';
  return { kind: 'certificate_failed', severity, subject, message, since };
}

function uploaded({ domain, served }: DomainView, now: number): DomainCondition[] {
  if (domain.certificate_source !== 'uploaded') return [];
  const subject = domain.name;
  if (!served || served.self_signed === 1) {
    const message = `No certificate is uploaded for ${subject} yet; a self-signed one is served.`;
    return [{ kind: 'certificate_missing', severity: 'warning', subject, message, since: domain.updated_at }];
  }
  const end = served.not_after;
  if (end <= now) {
    return [{ kind: 'certificate_expired', severity: 'error', subject, message: ended(subject, end, ''), since: end }];
  }
  const left = daysUntil(end, now);
  if (left > SOON_DAYS) return [];
  const message = `The certificate for ${subject} ends in ${days(left)}; upload another.`;
  const severity = left <= URGENT_DAYS ? 'error' : 'warning';
  return [{ kind: 'certificate_expiring', severity, subject, message, since: end - SOON_DAYS * DAY_MS }];
}

function records({ records }: DomainView): DomainCondition[] {
  return records.slice(0, MOST).map(({ name, state, problem, updated_at }) => {
    const kind = state === 'foreign' ? 'foreign_record' : 'record_failed';
    return { kind, severity: 'warning', subject: name, message: `${name}: ${problem}`, since: updated_at };
  });
}

/** Whether the certificates of a domain are ordered and renewed by themselves. */
export function isManaged({ certificate_source: source }: Pick<Row<'domains'>, 'certificate_source'>): boolean {
  return source === 'acme' || source === 'internal';
}

function ended(name: string, end: number, error: string): string {
  const on = new Date(end).toISOString().slice(0, 10);
  return `The certificate for ${name} ended on ${on}.${error ? ` ${error}` : ''}`;
}

function daysUntil(end: number, now: number): number {
  return Math.max(0, Math.floor((end - now) / DAY_MS));
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}
