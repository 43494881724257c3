import { DomainSchema, type UpdateDomainRequest } from '@berth/proto/api/v1/domains_pb.js';
import { create } from '@bufbuild/protobuf';
import { addSelfSigned } from '../../certificates/add-self-signed.ts';
import { type SelfSigned, selfSigned } from '../../certificates/self-signed.ts';
import { dropNameCertificates } from '../../store/certificates.ts';
import { updateDomain } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { administersSite, type Caller } from '../caller.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { checkDomain, checkEnums, resolveReferences } from './check-domain.ts';
import { columnsOf, DOMAIN_PATHS, type DomainFields, fieldsOfMessage, fieldsOfRow } from './domain-fields.ts';
import { findDomain } from './find-domain.ts';

const RPC = 'DomainsService.UpdateDomain';

/** Changes the fields the mask names. @returns the identifier */
export async function updateDomainVerb(deps: AppDeps, caller: Caller, request: UpdateDomainRequest): Promise<string> {
  const { store } = deps;
  const asked = request.domain ?? create(DomainSchema);
  const found = new Violations();
  const named = maskPaths(request.updateMask, DOMAIN_PATHS, found);
  const reference = asked.id || asked.name;
  found.check('domain.id', referenceFault(reference));
  checkEnums(asked, found);
  found.refuse();
  const { name } = await findDomain(store.db, caller, reference, 'domain.id', RPC);
  const own = named.has('certificate_source') ? await selfSigned(name, deps.clock.now()) : undefined;
  return store.transaction(async (tx) => {
    const row = await findDomain(tx.db, caller, reference, 'domain.id', RPC);
    await bumpSite(tx, row.site_id, null);
    const before = fieldsOfRow(row);
    const fields = merged(before, fieldsOfMessage(asked, row.owner_id !== null), named);
    const wrong = new Violations();
    const asking = { custom: row.owner_id !== null, administers: administersSite(caller, row.site_id) };
    checkDomain(fields, asking, before, wrong);
    wrong.refuse();
    const after = await resolveReferences(tx, fields);
    await updateDomain(tx, row.id, columnsOf(after));
    if (own) await keepServed(tx, row, after, own);
    tx.nudge({ kind: 'domain', id: row.id });
    const deed = { siteId: row.site_id, objectKind: 'domain', objectId: row.id };
    await record(tx, caller, { ...deed, action: 'domain.update', change: difference(before, after) });
    return row.id;
  });
}

/**
 * What is served stays until the new source has something better, but for a domain that is to sign for itself: nobody
 * would renew what it had from elsewhere.
 */
async function keepServed(tx: Tx, row: Row<'domains'>, after: DomainFields, own: SelfSigned): Promise<void> {
  if (after.certificate_source !== 'self_signed' || row.certificate_source === 'self_signed') return;
  await dropNameCertificates(tx, row);
  await addSelfSigned(tx, row.id, own);
}

function merged(before: DomainFields, asked: DomainFields, named: ReadonlySet<string>): DomainFields {
  const change = Object.entries(asked).filter(([path]) => named.has(path));
  return { ...before, ...Object.fromEntries(change) };
}
