import { newId } from '../ids.ts';
import { insertCertificate } from '../store/certificates.ts';
import type { Tx } from '../store/store.ts';
import type { SelfSigned } from './self-signed.ts';

/**
 * Lets a domain be served with a certificate that it has signed itself; it takes the place of the one before of that
 * kind, of which nobody needs two. @returns the certificate's identifier
 */
export async function addSelfSigned(tx: Tx, domainId: string, certificate: SelfSigned): Promise<string> {
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
