import {
  type CreateSiteRequest,
  CreateSiteRequestSchema,
  type DeleteSiteRequest,
  SiteSchema,
  type UpdateSiteRequest,
} from '@berth/proto/api/v1/sites_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { sharedDomainsOf } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import { bumpSite } from '../../store/site-changes.ts';
import { deleteSite, insertSite, updateSite } from '../../store/sites.ts';
import type { Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { type NewDomain, prepareDomains } from '../domains/new-domain.ts';
import { findSite, findSiteToAdminister } from '../find.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { difference, record } from '../record.ts';
import { ipv4Number, parseNetwork } from '../validate/addresses.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { addDomains, dropDomains, dropEveryDomain } from './site-domains.ts';
import { checkSite, columnsOf, fieldsOfMessage, fieldsOfRow, SITE_PATHS, type SiteFields } from './site-fields.ts';

/** Makes a site. @returns its identifier @throws AppError "site_name_taken", "domain_taken" */
export async function createSite(deps: AppDeps, caller: Caller, request: CreateSiteRequest): Promise<string> {
  authorise(caller, 'SitesService.CreateSite');
  const fields = fieldsOfMessage(request.site ?? create(SiteSchema));
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  checkSite(fields, found);
  found.refuse();
  const domains = await prepareDomains(fields.external_domains, deps.clock.now());
  const call = { caller, schema: CreateSiteRequestSchema, request };
  const { outcome } = await namingTaken(fields.name, () =>
    createOnce(deps.store, call, async (tx) => ({ site: await make(tx, caller, fields, domains) })),
  );
  return outcome.site;
}

async function make(tx: Tx, caller: Caller, fields: SiteFields, domains: NewDomain[]): Promise<string> {
  const id = newId('sit', tx.now);
  await refuseTakenName(tx, fields.name, id);
  await insertSite(tx, { id, ...columnsOf(fields), created_at: tx.now, updated_at: tx.now });
  await addDomains(tx, caller, id, domains, fields.external_domains);
  await bumpSite(tx, id, null);
  await record(tx, caller, {
    action: 'site.create',
    siteId: id,
    objectKind: 'site',
    objectId: id,
    change: { ...fields },
  });
  return id;
}

/** Changes the fields the mask names. @returns the identifier */
export async function updateSiteVerb(deps: AppDeps, caller: Caller, request: UpdateSiteRequest): Promise<string> {
  authorise(caller, 'SitesService.UpdateSite');
  const { store } = deps;
  const asked = request.site ?? create(SiteSchema);
  const found = new Violations();
  const paths = maskPaths(request.updateMask, SITE_PATHS, found);
  const reference = asked.id || (paths.has('name') ? '' : asked.name);
  found.check('site.id', referenceFault(reference));
  found.refuse();
  const site = await findSiteToAdminister(store.db, caller, reference, 'site.id', 'SitesService.UpdateSite');
  const names = (await sharedDomainsOf(store.db, [site.id])).map(({ name }) => name);
  const before = fieldsOfRow(site, names);
  const fields = merge(before, fieldsOfMessage(asked), paths);
  checkSite(fields, found);
  found.refuse();
  const added = await prepareDomains(
    fields.external_domains.filter((name) => !names.includes(name)),
    deps.clock.now(),
  );
  await namingTaken(fields.name, () =>
    store.transaction(async (tx) => {
      await bumpSite(tx, site.id, null);
      await refuseTakenName(tx, fields.name, site.id);
      await refuseStranding(tx, site.id, before, fields);
      await updateSite(tx, site.id, columnsOf(fields));
      if (paths.has('external_domains')) {
        await dropDomains(tx, site.id, fields.external_domains);
        await addDomains(tx, caller, site.id, added, fields.external_domains);
      }
      await record(tx, caller, {
        action: 'site.update',
        siteId: site.id,
        objectKind: 'site',
        objectId: site.id,
        change: difference(before, fields),
      });
    }),
  );
  return site.id;
}

/** Removes a site that has nothing in it. @throws AppError "site_in_use" */
export async function deleteSiteVerb({ store }: AppDeps, caller: Caller, request: DeleteSiteRequest): Promise<void> {
  authorise(caller, 'SitesService.DeleteSite');
  await store.transaction(async (tx) => {
    const site = await findSite(tx.db, request.site, 'site');
    for (const table of ['containers', 'nodes', 'agents'] as const) {
      let query = tx.db.selectFrom(table).select('id').where('site_id', '=', site.id);
      if (table === 'agents') query = query.where('status', '=', 'active');
      if (await query.executeTakeFirst()) throw siteInUse(site.name, table);
    }
    await tx.db.deleteFrom('agents').where('site_id', '=', site.id).execute();
    const domains = (await sharedDomainsOf(tx.db, [site.id])).map(({ name }) => name);
    await dropEveryDomain(tx, site.id);
    await deleteSite(tx, site.id);
    const deed = { action: 'site.delete', siteId: site.id, objectKind: 'site', objectId: site.id };
    await record(tx, caller, { ...deed, objectName: site.name, change: { ...fieldsOfRow(site, domains) } });
    tx.nudge({ kind: 'site', id: site.id });
  });
}

function merge(before: SiteFields, asked: SiteFields, paths: ReadonlySet<string>): SiteFields {
  const named = Object.entries(asked).filter(([path]) => paths.has(path));
  return { ...before, ...(Object.fromEntries(named) as Partial<SiteFields>) };
}

/** Containers keep their addresses and names: what they stand on may not be pulled away under them. */
async function refuseStranding(tx: Tx, siteId: string, before: SiteFields, after: SiteFields): Promise<void> {
  const rows = await tx.db
    .selectFrom('containers')
    .select(['hostname', 'address'])
    .where('site_id', '=', siteId)
    .execute();
  if (rows.length === 0) return;
  const found = new Violations();
  if (after.internal_domain !== before.internal_domain) {
    found.check('site.internal_domain', 'cannot be changed while the site has containers');
  }
  const stranded = rows.find((row) => !isGuestAddress(after, row));
  if (stranded) {
    found.check(
      'site.range_start',
      `${stranded.hostname} has ${stranded.address}, which would not be a guest's any more`,
    );
  }
  found.refuse();
}

function isGuestAddress(site: SiteFields, { address }: Pick<Row<'containers'>, 'address'>): boolean {
  const network = parseNetwork(site.network);
  const number = ipv4Number(address);
  const inNetwork = network !== undefined && number > network.first && number < network.last;
  return inNetwork && number >= ipv4Number(site.range_start) && number <= ipv4Number(site.range_end);
}

async function refuseTakenName(tx: Tx, name: string, except: string): Promise<void> {
  const row = await tx.db.selectFrom('sites').select('id').where('name', '=', name).executeTakeFirst();
  if (row && row.id !== except) throw nameTaken(name);
}

async function namingTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UniqueViolation && error.constraint === 'sites_name') throw nameTaken(name);
    throw error;
  }
}

function nameTaken(name: string): AppError {
  return taken('site_name_taken', 'site.name', `There is a site "${name}" already.`);
}

function siteInUse(name: string, what: string): AppError {
  return new AppError('failed_precondition', {
    reason: 'site_in_use',
    message: `Site ${name} still has ${what}; remove them first.`,
  });
}
