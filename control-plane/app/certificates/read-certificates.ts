import type { ListCertificatesRequest } from '@berth/proto/api/v1/domains_pb.js';
import type { Rpc } from '../../auth/policy.ts';
import { notFound } from '../../errors.ts';
import {
  type ManagedWithServed,
  managedByNeed,
  managedPage,
  managedWithServed,
} from '../../store/certificate-lists.ts';
import { wholeCertificate } from '../../store/certificates.ts';
import { domainById } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { isManaged } from '../domains/domain-conditions.ts';
import { findDomain } from '../domains/find-domain.ts';
import { mayUseDomain } from '../domains/may-use.ts';
import { type Page, readPage } from '../page.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

/** Certificates in one message of a watch. */
const WATCHED = 200;

/** A certificate that is kept valid, or the one that was uploaded or signed by the domain itself. */
export interface CertificateView {
  domain: Row<'domains'>;
  /** Absent where nothing is ordered. */
  managed: Row<'managed_certificates'> | undefined;
  served: Row<'certificates'> | undefined;
}

/** Lists the certificates of a domain by name. */
export async function listCertificates(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: ListCertificatesRequest,
): Promise<Page<CertificateView>> {
  const domain = await findDomain(db, caller, request.domain, 'domain', 'DomainsService.ListCertificates');
  return readPage(`certificates ${domain.id}`, request, nameOf, async (key, limit) => {
    if (isManaged(domain)) return asViews(domain, await managedPage(db, domain.id, key, limit));
    return key === undefined ? ownView(db, domain) : [];
  });
}

/** The certificates of a domain, those that need attention first. */
export async function certificatesByNeed(db: Db, domain: Row<'domains'>): Promise<CertificateView[]> {
  if (!isManaged(domain)) return ownView(db, domain);
  return asViews(domain, await managedByNeed(db, domain.id, WATCHED));
}

/**
 * A certificate by identifier, for a call of an RPC by those who decide over its domain.
 * @throws AppError "certificate_not_found", "domain_owner_required"
 */
export async function findCertificate(db: Db, caller: Caller, id: string, rpc: Rpc): Promise<CertificateView> {
  authorise(caller, rpc);
  const found = new Violations();
  found.check('certificate', referenceFault(id));
  found.refuse();
  const view = await viewById(db, id);
  if (!view || !(await mayUseDomain(db, caller, view.domain))) throw notFound('certificate', id, 'certificate');
  await findDomain(db, caller, view.domain.id, 'certificate', rpc);
  return view;
}

/** A certificate by identifier, whoever asks. */
export async function viewById(db: Db, id: string): Promise<CertificateView | undefined> {
  const managed = await managedWithServed(db, id);
  const own = managed
    ? undefined
    : await db.selectFrom('certificates').selectAll().where('id', '=', id).executeTakeFirst();
  const domain = await domainById(db, managed?.managed.domain_id ?? own?.domain_id ?? '');
  if (!domain) return undefined;
  if (managed) return { domain, ...managed };
  const [view] = isManaged(domain) ? [] : await ownView(db, domain);
  return view?.served?.id === id ? view : undefined;
}

function nameOf({ domain, managed }: CertificateView): string {
  return managed?.name ?? domain.name;
}

function asViews(domain: Row<'domains'>, rows: readonly ManagedWithServed[]): CertificateView[] {
  return rows.map((row) => ({ domain, ...row }));
}

async function ownView(db: Db, domain: Row<'domains'>): Promise<CertificateView[]> {
  const served = await wholeCertificate(db, domain.id);
  return served ? [{ domain, managed: undefined, served }] : [];
}
