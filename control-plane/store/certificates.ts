import type { NewRow, Row } from './schema.ts';
import type { SecretBox } from './secrets.ts';
import { bumpSite } from './site-changes.ts';
import type { Db, Tx } from './store.ts';

/** A certificate with its key in the clear. */
export interface PlainCertificate extends Omit<NewRow<'certificates'>, 'key_box'> {
  key_pem: string;
}

const context = (id: string) => `certificates.key:${id}`;

/** Puts a certificate in, its key sealed. */
export async function insertCertificate(tx: Tx, secrets: SecretBox, certificate: PlainCertificate): Promise<void> {
  const { key_pem, ...rest } = certificate;
  const row: NewRow<'certificates'> = { ...rest, key_box: secrets.seal(key_pem, context(certificate.id)) };
  await tx.db.insertInto('certificates').values(row).execute();
}

/** The key of a certificate, PEM. @throws when the master key is another or the row was tampered with */
export function certificateKey(secrets: SecretBox, row: Pick<Row<'certificates'>, 'id' | 'key_box'>): string {
  return secrets.open(row.key_box, context(row.id));
}

/**
 * The newest certificate that is not revoked of each domain of a site as a whole, or of each name for which there is
 * one of its own. Identifiers sort by their making.
 * @param names only of these names, at most some hundred
 */
export function newestCertificates(
  db: Db,
  siteId: string,
  of: 'domains' | 'names',
  names?: readonly string[],
): Promise<Row<'certificates'>[]> {
  return db
    .selectFrom('certificates')
    .selectAll()
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('certificates as c')
        .innerJoin('domains', 'domains.id', 'c.domain_id')
        .select((ec) => ec.fn.max('c.id').as('id'))
        .where('domains.site_id', '=', siteId)
        .where('c.name', of === 'domains' ? '=' : '<>', '')
        .where('c.revoked_at', 'is', null)
        .$if(names !== undefined, (query) => query.where('c.name', 'in', [...(names ?? [])]))
        .groupBy(['c.domain_id', 'c.name']),
    )
    .execute();
}

/** The newest certificate of a domain as a whole that is not revoked: the one that is served. */
export function wholeCertificate(db: Db, domainId: string): Promise<Row<'certificates'> | undefined> {
  return db
    .selectFrom('certificates')
    .selectAll()
    .where('domain_id', '=', domainId)
    .where('name', '=', '')
    .where('revoked_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/**
 * Drops what single names of a domain have to themselves, so that the certificate of the whole domain serves them; to be
 * called wherever that one takes their place.
 */
export async function dropNameCertificates(tx: Tx, domain: Pick<Row<'domains'>, 'id' | 'site_id'>): Promise<void> {
  const rows = await tx.db
    .selectFrom('certificates')
    .innerJoin('service_names', 'service_names.host', 'certificates.name')
    .innerJoin('services', 'services.id', 'service_names.service_id')
    .select('services.container_id')
    .distinct()
    .where('certificates.domain_id', '=', domain.id)
    .execute();
  const streams = await tx.db
    .selectFrom('certificates')
    .innerJoin('services', 'services.sni_host', 'certificates.name')
    .select('services.container_id')
    .distinct()
    .where('certificates.domain_id', '=', domain.id)
    .where('certificates.name', '<>', '')
    .execute();
  await tx.db.deleteFrom('certificates').where('domain_id', '=', domain.id).where('name', '<>', '').execute();
  const containers = new Set([...rows, ...streams].map(({ container_id }) => container_id));
  for (const id of containers) await bumpSite(tx, domain.site_id, id);
}
