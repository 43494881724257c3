import type { UploadCertificateRequest } from '@berth/proto/api/v1/domains_pb.js';
import { certificateFacts } from '../../acme/certificate-facts.ts';
import { newId } from '../../ids.ts';
import { dropNameCertificates, insertCertificate } from '../../store/certificates.ts';
import { updateDomain } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findDomain } from '../domains/find-domain.ts';
import { record } from '../record.ts';
import { Violations } from '../validate/violations.ts';
import { asPkcs8, chainFault, keyFault } from './parse-upload.ts';

/**
 * Serves a certificate that somebody else has issued, for all names under a domain. A domain whose certificates were
 * ordered, or that signed for itself, takes uploaded ones from now on.
 * @returns the certificate's identifier
 */
export async function uploadCertificate(
  { store }: AppDeps,
  caller: Caller,
  request: UploadCertificateRequest,
): Promise<string> {
  return store.transaction(async (tx) => {
    const domain = await findDomain(tx.db, caller, request.domain, 'domain', 'DomainsService.UploadCertificate');
    await bumpSite(tx, domain.site_id, null);
    const found = new Violations();
    const wanted = { domain: domain.name, inUse: await namesInUse(tx.db, domain.id), now: tx.now };
    const right = found.check('chain_pem', chainFault(request.chainPem, wanted));
    found.check('key_pem', right ? keyFault(request.keyPem, request.chainPem) : keyFormFault(request.keyPem));
    found.refuse();
    return put(tx, caller, domain, request);
  });
}

/** A key whose chain is wrong can only be judged by itself. */
function keyFormFault(pem: string): string | undefined {
  return pem === '' ? 'is required' : undefined;
}

async function put(tx: Tx, caller: Caller, domain: Row<'domains'>, request: UploadCertificateRequest): Promise<string> {
  const id = newId('crt', tx.now);
  const { issuer, serial, dnsNames, notBefore, notAfter } = certificateFacts(request.chainPem);
  await insertCertificate(tx, tx.secrets, {
    id,
    domain_id: domain.id,
    dns_names: JSON.stringify(dnsNames),
    chain_pem: `${request.chainPem.trim()}\n`,
    key_pem: asPkcs8(request.keyPem),
    self_signed: 0,
    not_before: notBefore,
    not_after: notAfter,
    created_at: tx.now,
    issuer: issuer.slice(0, 255),
    serial,
  });
  await dropNameCertificates(tx, domain);
  await updateDomain(tx, domain.id, { certificate_source: 'uploaded' });
  tx.nudge({ kind: 'domain', id: domain.id });
  const deed = { siteId: domain.site_id, objectKind: 'domain', objectId: domain.id };
  const change = { issuer, serial, names: dnsNames, not_after: new Date(notAfter).toISOString() };
  await record(tx, caller, { ...deed, action: 'certificate.upload', change });
  return id;
}

/** Names that are served under a domain, with TLS that ends at nginx. */
async function namesInUse(db: Db, domainId: string): Promise<string[]> {
  const names = await db
    .selectFrom('service_names')
    .select('host')
    .where('domain_id', '=', domainId)
    .distinct()
    .execute();
  const streams = await db
    .selectFrom('services')
    .select('sni_host as host')
    .where('domain_id', '=', domainId)
    .where('sni_host', '<>', '')
    .where('tls', '=', 'terminate')
    .execute();
  return [...new Set([...names, ...streams].map(({ host }) => host))].sort();
}
