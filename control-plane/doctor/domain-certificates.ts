import type { Finding } from '@berth/proto/contract/finding.ts';
import { newestCertificates } from '../store/certificates.ts';
import type { Db } from '../store/store.ts';
import { fault, ok, spanText, warning } from './check.ts';

const DAY_MS = 86_400_000;
const SOON_MS = 7 * DAY_MS;

/** Whether what is served for domains and names is valid, and is renewed. @param now milliseconds since the epoch */
export async function domainCertificateFindings(db: Db, now: number): Promise<Finding[]> {
  const sites = await db.selectFrom('sites').select('id').execute();
  const served = await Promise.all(
    sites.flatMap(({ id }) => [newestCertificates(db, id, 'domains'), newestCertificates(db, id, 'names')]),
  );
  const all = served.flat();
  const found = [...all.flatMap((row) => endFinding(row, now)), ...(await failures(db))];
  if (found.length > 0) return found;
  return [
    ok('domains', all.length === 0 ? 'no domain has a certificate yet' : `all certificates (${all.length}) are valid`),
  ];
}

function endFinding(row: { dns_names: string; not_after: number }, now: number): Finding[] {
  const left = row.not_after - now;
  if (left > SOON_MS) return [];
  const names = (JSON.parse(row.dns_names) as string[]).join(', ');
  const remedy = 'See what its authority says: "berth domain list", "berth domain get DOMAIN".';
  if (left <= 0) return [fault('domains', `the certificate of ${names} ended ${spanText(left)} ago`, remedy)];
  return [warning('domains', `the certificate of ${names} ends in ${spanText(left)}`, remedy)];
}

async function failures(db: Db): Promise<Finding[]> {
  const rows = await db
    .selectFrom('managed_certificates')
    .select(['name', 'state', 'last_error'])
    .where('state', 'in', ['failed', 'expired'])
    .orderBy('name')
    .execute();
  return rows.map(({ name, last_error }) =>
    warning(
      'domains',
      `no certificate could be had for ${name}: ${last_error}`,
      'Mend what it says; it is tried again by itself, or at once by "berth certificate renew".',
    ),
  );
}
