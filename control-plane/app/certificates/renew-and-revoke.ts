import {
  type RenewCertificateRequest,
  RevocationReason,
  type RevokeCertificateRequest,
} from '@berth/proto/api/v1/domains_pb.js';
import { requestRenewal } from '../../acme/request-renewal.ts';
import { type RevocationCode, revokeCertificate } from '../../acme/revoke.ts';
import { addSelfSigned } from '../../certificates/add-self-signed.ts';
import { selfSigned } from '../../certificates/self-signed.ts';
import { AppError, notFound } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { type CertificateView, findCertificate, viewById } from './read-certificates.ts';

/** The reasons that there are, as authorities are told them (RFC 5280, 5.3.1). */
const CODES: Readonly<Record<number, RevocationCode>> = {
  [RevocationReason.UNSPECIFIED]: 0,
  [RevocationReason.KEY_COMPROMISE]: 1,
  [RevocationReason.SUPERSEDED]: 4,
  [RevocationReason.CESSATION_OF_OPERATION]: 5,
};

/**
 * Lets a certificate be ordered now, whatever its age; one that the domain signed itself is made anew at once.
 * @throws AppError "certificate_not_ordered"
 */
export async function renewCertificate(
  deps: AppDeps,
  caller: Caller,
  request: RenewCertificateRequest,
): Promise<CertificateView> {
  const { store } = deps;
  const rpc = 'DomainsService.RenewCertificate';
  const { domain } = await findCertificate(store.db, caller, request.certificate, rpc);
  const own = domain.certificate_source === 'self_signed' ? await selfSigned(domain.name, deps.clock.now()) : undefined;
  const id = await store.transaction(async (tx) => {
    const view = await findCertificate(tx.db, caller, request.certificate, rpc);
    await noted(tx, caller, view, 'certificate.renew', {});
    if (view.managed) {
      await requestRenewal(tx, view.managed.id);
      return view.managed.id;
    }
    if (!own || view.domain.certificate_source !== 'self_signed') throw uploaded(view.domain, 'upload another instead');
    await bumpSite(tx, domain.site_id, null);
    return addSelfSigned(tx, domain.id, own);
  });
  return there(await viewById(store.db, id), id);
}

/**
 * Revokes a certificate at its authority; another, with a key of its own, is ordered at once.
 * @throws AppError "certificate_not_ordered", "nothing_to_revoke", "not_revoked" with the authority's own words
 */
export async function revokeCertificateVerb(
  deps: AppDeps,
  caller: Caller,
  request: RevokeCertificateRequest,
): Promise<CertificateView> {
  const { store } = deps;
  const reason = CODES[request.reason];
  const found = new Violations();
  found.check('certificate', referenceFault(request.certificate));
  found.check('reason', reason === undefined ? 'is none that there is' : undefined);
  found.refuse();
  const view = await findCertificate(store.db, caller, request.certificate, 'DomainsService.RevokeCertificate');
  if (!view.managed) throw uploaded(view.domain, 'whoever issued it revokes it');
  const { id } = view.managed;
  await revokeCertificate(deps, id, reason ?? 0);
  await store.transaction((tx) =>
    noted(tx, caller, view, 'certificate.revoke', { reason: RevocationReason[request.reason]?.toLowerCase() }),
  );
  return there(await viewById(store.db, id), id);
}

async function noted(tx: Tx, caller: Caller, view: CertificateView, action: string, change: Record<string, unknown>) {
  const { domain, managed, served } = view;
  tx.nudge({ kind: 'domain', id: domain.id });
  const deed = { siteId: domain.site_id, objectKind: 'domain', objectId: domain.id, action };
  await record(tx, caller, {
    ...deed,
    change: { name: managed?.name ?? domain.name, serial: served?.serial, ...change },
  });
}

function there(view: CertificateView | undefined, id: string): CertificateView {
  if (!view) throw notFound('certificate', id, 'certificate');
  return view;
}

function uploaded({ name, certificate_source }: Row<'domains'>, instead: string): AppError {
  const from = certificate_source === 'uploaded' ? 'was uploaded' : 'is signed by no authority';
  return new AppError('failed_precondition', {
    reason: 'certificate_not_ordered',
    message: `The certificate of ${name} ${from}: ${instead}.`,
  });
}
