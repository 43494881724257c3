import { selfSigned } from '../../certificates/self-signed.ts';
import { AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { insertCertificate } from '../../store/certificates.ts';
import { deleteDomain, domainsOf, insertDomain } from '../../store/domains.ts';
import type { Db, Store, Tx } from '../../store/store.ts';

/** A domain with the certificate that serves it until an authority has signed one. */
export interface NewDomain {
  name: string;
  certificate: Awaited<ReturnType<typeof selfSigned>>;
}

/** Makes the certificates of new domains; before the transaction, because it takes a while. */
export function prepareDomains(names: readonly string[], now: number): Promise<NewDomain[]> {
  return Promise.all(names.map(async (name) => ({ name, certificate: await selfSigned(name, now) })));
}

/** Puts domains in with their certificates. @throws AppError "domain_taken" naming the entry */
export async function addDomains(
  store: Store,
  tx: Tx,
  siteId: string,
  domains: readonly NewDomain[],
  all: readonly string[],
): Promise<void> {
  for (const { name, certificate } of domains) {
    await refuseTaken(tx.db, name, all.indexOf(name));
    const id = newId('dom', tx.now);
    await insertDomain(tx, { id, site_id: siteId, name, verified_at: tx.now, created_at: tx.now, updated_at: tx.now });
    await insertCertificate(tx, store.secrets, {
      id: newId('crt', tx.now),
      domain_id: id,
      dns_names: JSON.stringify(certificate.dnsNames),
      chain_pem: certificate.chainPem,
      key_pem: certificate.keyPem,
      self_signed: 1,
      not_before: certificate.notBefore,
      not_after: certificate.notAfter,
      created_at: tx.now,
    });
  }
}

/** Takes the domains away that are not in the list any more. @throws AppError "domain_in_use" */
export async function dropDomains(tx: Tx, siteId: string, keep: readonly string[]): Promise<void> {
  for (const domain of await domainsOf(tx.db, siteId)) {
    if (keep.includes(domain.name)) continue;
    const query = tx.db.selectFrom('service_names').select('host').where('domain_id', '=', domain.id);
    const used = await query.executeTakeFirst();
    if (used) throw inUse(domain.name, used.host);
    await deleteDomain(tx, domain.id);
  }
}

async function refuseTaken(db: Db, name: string, position: number): Promise<void> {
  const row = await db.selectFrom('domains').select('id').where('claim', '=', name).executeTakeFirst();
  if (!row) return;
  throw taken('domain_taken', `site.external_domains[${position}]`, `The domain "${name}" belongs to another site.`);
}

function inUse(domain: string, host: string): AppError {
  const message = `The domain "${domain}" still serves ${host}.`;
  return new AppError('failed_precondition', {
    reason: 'domain_in_use',
    message,
    violations: [{ field: 'site.external_domains', description: message }],
  });
}
