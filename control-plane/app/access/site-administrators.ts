import type {
  AddSiteAdministratorRequest,
  ListSiteAdministratorsRequest,
  RemoveSiteAdministratorRequest,
} from '@berth/proto/api/v1/access_pb.js';
import { AppError } from '../../errors.ts';
import {
  deleteSiteAdministrator,
  insertSiteAdministrator,
  type NamedAdministrator,
  siteAdministrator,
  siteAdministratorsOf,
} from '../../store/site-administrators.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findSite, findSiteToAdminister } from '../find.ts';
import { type Page, readPage } from '../page.ts';
import { record } from '../record.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { checkHolder, type FoundHolder, findHolder, holderOf } from './holders.ts';

/** Somebody who administers a site. */
export interface AdministratorView {
  holder: FoundHolder;
  /** Milliseconds since the epoch. */
  since: number;
}

/** Lists who administers a site. */
export async function listSiteAdministrators(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: ListSiteAdministratorsRequest,
): Promise<Page<AdministratorView>> {
  const site = await findSiteToAdminister(db, caller, request.site, 'site', 'AccessService.ListSiteAdministrators');
  const page = await readPage(
    `site administrators ${site.id}`,
    request,
    (row: NamedAdministrator) => row.id,
    (key, limit) => siteAdministratorsOf(db, site.id, key, limit),
  );
  return { ...page, rows: page.rows.map((row) => ({ holder: holderOf(row), since: row.created_at })) };
}

/** Makes somebody administer a site; who does already goes on doing so. */
export async function addSiteAdministrator(
  { store }: AppDeps,
  caller: Caller,
  request: AddSiteAdministratorRequest,
): Promise<AdministratorView> {
  authorise(caller, 'AccessService.AddSiteAdministrator');
  check(request);
  return store.transaction(async (tx) => {
    const site = await findSite(tx.db, request.site, 'site');
    const holder = await findHolder(tx.db, request.holder);
    const known = await siteAdministrator(tx.db, site.id, holder.id);
    if (known) return { holder, since: known.created_at };
    await insertSiteAdministrator(tx, site.id, holder.id);
    const deed = { siteId: site.id, objectKind: 'site', objectId: site.id };
    const change = { [holder.kind]: holder.name };
    await record(tx, caller, { ...deed, action: 'site.add-administrator', change });
    return { holder, since: tx.now };
  });
}

/** Takes the administration of a site away. @throws AppError "site_administrator_not_found" */
export async function removeSiteAdministrator(
  { store }: AppDeps,
  caller: Caller,
  request: RemoveSiteAdministratorRequest,
): Promise<void> {
  authorise(caller, 'AccessService.RemoveSiteAdministrator');
  check(request);
  await store.transaction(async (tx) => {
    const site = await findSite(tx.db, request.site, 'site');
    const holder = await findHolder(tx.db, request.holder);
    if (!(await deleteSiteAdministrator(tx, site.id, holder.id))) {
      const message = `${holder.name} does not administer ${site.name}.`;
      const violations = [{ field: `holder.${holder.kind}`, description: message }];
      throw new AppError('not_found', { reason: 'site_administrator_not_found', message, violations });
    }
    const deed = { siteId: site.id, objectKind: 'site', objectId: site.id };
    const change = { [holder.kind]: holder.name };
    await record(tx, caller, { ...deed, action: 'site.remove-administrator', change });
  });
}

function check({ site, holder }: AddSiteAdministratorRequest | RemoveSiteAdministratorRequest): void {
  const found = new Violations();
  found.check('site', referenceFault(site));
  checkHolder(holder, found);
  found.refuse();
}
