import { randomBytes } from 'node:crypto';
import { type CreateDomainRequest, CreateDomainRequestSchema, DomainSchema } from '@berth/proto/api/v1/domains_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { Db, Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { administersSite, authorise, type Caller, refuseOutsideToken } from '../caller.ts';
import { findSite } from '../find.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { record } from '../record.ts';
import { domainFault } from '../validate/names.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { checkDomain, checkEnums, resolveReferences } from './check-domain.ts';
import { columnsOf, type DomainFields, fieldsOfMessage } from './domain-fields.ts';
import { nameTaken, refuseConflicts } from './name-conflicts.ts';
import { addDomain, type NewDomain, prepareDomains } from './new-domain.ts';

/** Domains that one person may have unproven at a time: each is a name that somebody might look up for him. */
const MAX_UNPROVEN = 20;

interface Wanted {
  fields: DomainFields;
  domain: NewDomain;
  custom: boolean;
  site: string;
}

/**
 * Makes a domain: the site's own by its administrators, or a custom one by whoever may create containers there, which
 * serves nothing until it is proven. Any number of people may try to prove one name; the first who does has it.
 * @returns its identifier
 * @throws AppError "domain_taken", "custom_domains_not_allowed", "too_many_unproven_domains", "domain_claimed"
 */
export async function createDomain(deps: AppDeps, caller: Caller, request: CreateDomainRequest): Promise<string> {
  authorise(caller, 'DomainsService.CreateDomain');
  const asked = request.domain ?? create(DomainSchema);
  const { custom } = request;
  const fields = fieldsOfMessage(asked, custom);
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('domain.site', referenceFault(asked.site));
  found.check('domain.name', domainFault(asked.name));
  checkEnums(asked, found);
  checkDomain(fields, { custom, administers: true }, undefined, found);
  found.refuse();
  const [domain] = await prepareDomains([asked.name], deps.clock.now());
  if (!domain) throw new Error('no certificate was made');
  const wanted = { fields, domain, custom, site: asked.site };
  const call = { caller, schema: CreateDomainRequestSchema, request };
  try {
    const { outcome } = await createOnce(deps.store, call, async (tx) => ({ domain: await make(tx, caller, wanted) }));
    return outcome.domain;
  } catch (error) {
    if (!(error instanceof UniqueViolation) || error.constraint !== 'domains_name') throw error;
    throw nameTaken('domain.name', `The domain "${asked.name}" is taken.`);
  }
}

async function make(tx: Tx, caller: Caller, wanted: Wanted): Promise<string> {
  const { custom, domain } = wanted;
  const site = await findSite(tx.db, wanted.site, 'domain.site');
  await bumpSite(tx, site.id, null);
  authoriseMaking(caller, site, custom);
  const found = new Violations();
  checkDomain(wanted.fields, { custom, administers: administersSite(caller, site.id) }, undefined, found);
  found.refuse();
  const ownerId = custom ? caller.userId : null;
  await refuseConflicts(tx.db, caller, { name: domain.name, siteId: site.id, ownerId }, 'domain.name');
  if (custom) await refuseSquatting(tx.db, caller, domain.name);
  const id = await addDomain(tx, domain, {
    ...columnsOf(await resolveReferences(tx, wanted.fields)),
    site_id: site.id,
    owner_id: ownerId,
    verified_at: custom ? null : tx.now,
    proof_token: custom ? randomBytes(24).toString('base64url') : '',
  });
  tx.nudge({ kind: 'domain', id });
  const change = { name: domain.name, custom, ...wanted.fields };
  await record(tx, caller, { action: 'domain.create', siteId: site.id, objectKind: 'domain', objectId: id, change });
  return id;
}

function authoriseMaking(caller: Caller, site: Row<'sites'>, custom: boolean): void {
  refuseOutsideToken(caller, site.id);
  if (administersSite(caller, site.id)) return;
  if (!custom) {
    throw new AppError('permission_denied', {
      reason: 'site_administrator_required',
      message: 'Only an administrator of the site makes its own domains; bring yours as a custom one.',
    });
  }
  if (site.custom_domains === 1) return;
  throw new AppError('failed_precondition', {
    reason: 'custom_domains_not_allowed',
    message: `Site ${site.name} does not take domains that people bring.`,
  });
}

async function refuseSquatting(db: Db, { userId }: Caller, name: string): Promise<void> {
  const query = db.selectFrom('domains').select('name').where('owner_id', '=', userId);
  const unproven = await query.where('verified_at', 'is', null).execute();
  if (unproven.some((row) => row.name === name)) {
    const message = `You have begun to prove ${name} already.`;
    const violations = [{ field: 'domain.name', description: message }];
    throw new AppError('already_exists', { reason: 'domain_claimed', message, violations });
  }
  if (unproven.length < MAX_UNPROVEN) return;
  throw new AppError('resource_exhausted', {
    reason: 'too_many_unproven_domains',
    message: `You have ${MAX_UNPROVEN} domains to prove; prove or remove some of them first.`,
  });
}
