/** Making domains: each begins with a certificate that it has signed itself, which serves until there is a better one. */
import { selfSigned } from '../../certificates/self-signed.ts';
import { newId } from '../../ids.ts';
import { insertCertificate } from '../../store/certificates.ts';
import { insertDomain, type NewDomainRow } from '../../store/domains.ts';
import type { Tx } from '../../store/store.ts';

/** A certificate that is no authority's. */
export type OwnCertificate = Awaited<ReturnType<typeof selfSigned>>;

/** A domain to be, with its first certificate. */
export interface NewDomain {
  name: string;
  certificate: OwnCertificate;
}

/** Makes the certificates of new domains; before the transaction, because it takes a while. */
export function prepareDomains(names: readonly string[], now: number): Promise<NewDomain[]> {
  return Promise.all(names.map(async (name) => ({ name, certificate: await selfSigned(name, now) })));
}

/** Puts a domain in with its certificate. @returns its identifier @throws UniqueViolation "domains_name" */
export async function addDomain(
  tx: Tx,
  { name, certificate }: NewDomain,
  columns: Omit<NewDomainRow, 'id' | 'name' | 'created_at' | 'updated_at'>,
): Promise<string> {
  const id = newId('dom', tx.now);
  await insertDomain(tx, { ...columns, id, name, created_at: tx.now, updated_at: tx.now });
  await addOwnCertificate(tx, id, certificate);
  return id;
}

/**
 * Lets a domain be served with a certificate that it has signed itself; it takes the place of the one before of that
 * kind, of which nobody needs two. @returns the certificate's identifier
 */
export async function addOwnCertificate(tx: Tx, domainId: string, certificate: OwnCertificate): Promise<string> {
  const former = tx.db.deleteFrom('certificates').where('domain_id', '=', domainId).where('self_signed', '=', 1);
  await former.execute();
  const id = newId('crt', tx.now);
  await insertCertificate(tx, tx.secrets, {
    id,
    domain_id: domainId,
    dns_names: JSON.stringify(certificate.dnsNames),
    chain_pem: certificate.chainPem,
    key_pem: certificate.keyPem,
    self_signed: 1,
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    created_at: tx.now,
  });
  return id;
}
