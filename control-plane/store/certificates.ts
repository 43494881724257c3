import type { NewRow, Row } from './schema.ts';
import type { SecretBox } from './secrets.ts';
import type { Db, Tx } from './store.ts';

/** A certificate with its key in the clear. */
export interface PlainCertificate extends Omit<Row<'certificates'>, 'key_box'> {
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

/** The newest certificate of each domain of a site. Identifiers sort by their making. */
export function newestCertificates(db: Db, siteId: string): Promise<Row<'certificates'>[]> {
  return db
    .selectFrom('certificates')
    .selectAll()
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('certificates as c')
        .innerJoin('domains', 'domains.id', 'c.domain_id')
        .select((ec) => ec.fn.max('c.id').as('id'))
        .where('domains.site_id', '=', siteId)
        .groupBy('c.domain_id'),
    )
    .execute();
}
