/**
 * Warns before a certificate ends that nobody will renew by himself: one that was uploaded, or one whose orders fail.
 * Each certificate has its steps, so many days before its end, and each step is told once, by mail and to the webhook,
 * in the transaction that notes it. Whoever comes late (Berth was away, the certificate lives shorter than the first
 * step) tells the step that is due now and none of those before.
 */
import { queueMails } from '../mail/queue-mail.ts';
import { certificateEndsMail } from '../mail/wording.ts';
import { insertWarning } from '../store/certificate-warnings.ts';
import { readInstallation } from '../store/installation.ts';
import { addressesOf, siteAddresses } from '../store/site-addresses.ts';
import type { Db, Store, Tx } from '../store/store.ts';
import { readWarningHook, readWarningSettings } from './warning-settings.ts';

const DAY_MS = 24 * 3_600_000;

/** A certificate about which there may be something to say. */
interface Ending {
  certificateId: string;
  siteId: string;
  siteName: string;
  domain: string;
  ownerId: string | null;
  /** The name it is for, or the domain. */
  name: string;
  notAfter: number;
  /** What keeps it from being renewed, in the authority's own words; empty for an uploaded one. */
  trouble: string;
}

export interface WarnDeps {
  store: Store;
  /** Where the pages are. */
  publicUrl: string;
}

/** Gives the warnings that are due. */
export async function warnOfEnds({ store, publicUrl }: WarnDeps): Promise<void> {
  const { days } = await readWarningSettings(store.db);
  const now = store.clock.now();
  const until = now + Math.max(0, ...days) * DAY_MS;
  const hook = (await readWarningHook(store)) !== undefined;
  for (const ending of [...(await unrenewed(store.db, until)), ...(await uploaded(store.db, until))]) {
    const step = Math.min(...days.filter((one) => ending.notAfter - now <= one * DAY_MS));
    await store.transaction((tx) => warn(tx, ending, { step, hook, publicUrl }));
  }
}

async function warn(
  tx: Tx,
  ending: Ending,
  { step, hook, publicUrl }: { step: number; hook: boolean; publicUrl: string },
): Promise<void> {
  const given = await insertWarning(tx, {
    certificateId: ending.certificateId,
    days: step,
    body: bodyOf(tx, ending),
    hook,
  });
  if (given === undefined) return;
  const { publicName } = await readInstallation(tx.db);
  const owner = ending.ownerId === null ? [] : await addressesOf(tx.db, [ending.ownerId]);
  const to = new Set([...(await siteAddresses(tx.db, ending.siteId)), ...owner]);
  const { name, domain, notAfter, trouble } = ending;
  const letter = certificateEndsMail({
    publicName,
    url: publicUrl,
    name,
    domain,
    endsAt: notAfter,
    now: tx.now,
    trouble,
  });
  await queueMails(
    tx,
    [...to].map((address) => ({ to: address, ...letter })),
  );
}

function bodyOf({ now }: Tx, { name, domain, siteName, notAfter, trouble }: Ending) {
  return {
    event: 'certificate.ends',
    time: new Date(now).toISOString(),
    name,
    domain,
    site: siteName,
    not_after: new Date(notAfter).toISOString(),
    expired: notAfter <= now,
    error: trouble,
  };
}

/** Certificates whose orders fail. */
async function unrenewed(db: Db, until: number): Promise<Ending[]> {
  const rows = await db
    .selectFrom('managed_certificates as m')
    .innerJoin('certificates as c', 'c.id', 'm.certificate_id')
    .innerJoin('domains as d', 'd.id', 'm.domain_id')
    .innerJoin('sites as s', 's.id', 'm.site_id')
    .select([
      'c.id',
      'c.not_after',
      'm.name',
      'm.last_error',
      'm.site_id',
      's.name as site',
      'd.name as domain',
      'd.owner_id',
    ])
    .where('c.not_after', '<=', until)
    .where('m.failures', '>', 0)
    .execute();
  return rows.map((row) => ({ ...endingOf(row), name: row.name, trouble: row.last_error }));
}

/** Uploaded certificates that are served. */
async function uploaded(db: Db, until: number): Promise<Ending[]> {
  const rows = await db
    .selectFrom('certificates as c')
    .innerJoin('domains as d', 'd.id', 'c.domain_id')
    .innerJoin('sites as s', 's.id', 'd.site_id')
    .select(['c.id', 'c.not_after', 'd.site_id', 's.name as site', 'd.name as domain', 'd.owner_id'])
    .where('d.certificate_source', '=', 'uploaded')
    .where('c.self_signed', '=', 0)
    .where('c.not_after', '<=', until)
    .where('c.id', '=', (eb) =>
      eb
        .selectFrom('certificates as n')
        .select((ec) => ec.fn.max<string>('n.id').as('id'))
        .whereRef('n.domain_id', '=', 'c.domain_id')
        .where('n.name', '=', '')
        .where('n.revoked_at', 'is', null),
    )
    .execute();
  return rows.map((row) => ({ ...endingOf(row), name: row.domain, trouble: '' }));
}

function endingOf(row: {
  id: string;
  not_after: number;
  site_id: string;
  site: string;
  domain: string;
  owner_id: string | null;
}) {
  const { id: certificateId, not_after: notAfter, site_id: siteId, site: siteName, domain, owner_id: ownerId } = row;
  return { certificateId, notAfter, siteId, siteName, domain, ownerId };
}
