import type { Clock } from '@berth/proto/contract/clock.ts';
import { AppError, notFound } from '../errors.ts';
import { certificateKey } from '../store/certificates.ts';
import { bumpCertificate, changeManaged, type ManagedCertificate, managedById } from '../store/managed-certificates.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { accountById, accountOf, openAuthority } from './accounts.ts';
import { asBase64Url, splitChain } from './certificate-facts.ts';
import { AcmeProblem, AcmeUnreachable } from './problem.ts';

/** How long the authority may take, in milliseconds: somebody is waiting for the answer. */
const PATIENCE_MS = 30_000;

/** Why a certificate is revoked, as its authority is told (RFC 5280, 5.3.1). */
export type RevocationCode = 0 | 1 | 4 | 5;

export interface RevokeDeps {
  store: Store;
  clock: Clock;
}

/**
 * Revokes the certificate that is served at its authority, takes it out of service and lets another be ordered at
 * once, with a new key. The request is signed by the certificate's own key (RFC 8555, 7.6), so it works whatever
 * became of the account. The authority of the installation has no list of revocations: what it issued is taken out of
 * service.
 * @throws AppError "certificate_not_found", "nothing_to_revoke", "not_revoked" with the authority's own words
 */
export async function revokeCertificate(deps: RevokeDeps, managedId: string, reason: RevocationCode): Promise<void> {
  const { db } = deps.store;
  const managed = await managedById(db, managedId);
  if (!managed) throw notFound('certificate', managedId);
  const certificate = await served(deps.store, managed);
  const domain = await db
    .selectFrom('domains')
    .selectAll()
    .where('id', '=', managed.domain_id)
    .executeTakeFirstOrThrow();
  if (domain.certificate_source === 'acme') await revokeAtAuthority(deps, accountOf(domain), certificate, reason);
  await deps.store.transaction(async (tx) => {
    await tx.db.updateTable('certificates').set({ revoked_at: tx.now }).where('id', '=', certificate.id).execute();
    await bumpCertificate(tx, managed.site_id, managed.domain_id, certificate.name);
    await changeManaged(tx, managed, {
      state: 'expired',
      certificate_id: null,
      ari_id: '',
      ari_next_look_at: 0,
      explanation_url: '',
      next_try_at: tx.now,
      next_try_reason: 'the one before was revoked',
    });
  });
}

async function served({ db }: Store, { certificate_id }: ManagedCertificate): Promise<Row<'certificates'>> {
  const row =
    certificate_id === null
      ? undefined
      : await db.selectFrom('certificates').selectAll().where('id', '=', certificate_id).executeTakeFirst();
  if (row && row.revoked_at === null) return row;
  throw new AppError('failed_precondition', {
    reason: 'nothing_to_revoke',
    message: 'There is no certificate of an authority to revoke.',
  });
}

async function revokeAtAuthority(
  { store, clock }: RevokeDeps,
  accountId: string,
  certificate: Row<'certificates'>,
  reason: RevocationCode,
): Promise<void> {
  const account = await accountById(store, accountId);
  const key = certificateKey(store.secrets, certificate);
  const authority = openAuthority({ store, clock, signal: AbortSignal.timeout(PATIENCE_MS) }, account, key);
  try {
    await authority.revokeByKey(asBase64Url(splitChain(certificate.chain_pem)[0] ?? ''), reason);
  } catch (error) {
    if (error instanceof AcmeProblem && error.type === 'alreadyRevoked') return;
    if (!(error instanceof AcmeProblem || error instanceof AcmeUnreachable)) throw error;
    const code = error instanceof AcmeUnreachable ? 'unavailable' : 'failed_precondition';
    throw new AppError(code, { reason: 'not_revoked', message: error.message, cause: error });
  } finally {
    authority.close();
  }
}
