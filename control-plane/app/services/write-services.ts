import {
  type CreateServiceRequest,
  CreateServiceRequestSchema,
  type DeleteServiceRequest,
  ServiceSchema,
  type UpdateServiceRequest,
} from '@berth/proto/api/v1/services_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import { replaceNames, type ServiceRow, serviceById } from '../../store/services.ts';
import { bumpSite } from '../../store/site-changes.ts';
import { siteById } from '../../store/sites.ts';
import type { Db, Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { LIMITS } from '../containers/container-fields.ts';
import { requireAgents } from '../containers/require-agents.ts';
import { findContainer, findService } from '../find.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { addServices, placeService } from './add-services.ts';
import { keptNames } from './claim-names.ts';
import { lostRace } from './claim-port.ts';
import { groupNames } from './group-names.ts';
import { mergeService, SERVICE_PATHS } from './merge-service.ts';
import { readService } from './read-service.ts';
import { auditedService, repasswordedIn, type ServiceFields, serviceName } from './service-fields.ts';
import { hashPasswords, settleOptions } from './settle-options.ts';

const ATTEMPTS = 20;

/** Adds a service to a container. @returns its identifier */
export async function createService(
  { store }: AppDeps,
  caller: Caller,
  request: CreateServiceRequest,
): Promise<string> {
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('container', referenceFault(request.container));
  const fields = readService(request.service ?? create(ServiceSchema), 'service', found);
  found.refuse();
  const rpc = 'ServicesService.CreateService';
  await findContainer(store.db, caller, request.container, 'container', rpc);
  const hashes = [await hashPasswords(fields.options)];
  const call = { caller, schema: CreateServiceRequestSchema, request };
  const { outcome } = await settlingRaces(fields, () =>
    createOnce(store, call, async (tx) => {
      const container = await findContainer(tx.db, caller, request.container, 'container', rpc);
      const site = await siteOf(tx, container);
      await bumpSite(tx, site.id, container.id);
      refuseDeleting(container);
      await refuseTooMany(tx, container.id);
      await requireAgents(tx.db, site, ['nginx']);
      const added = { caller, site, containerId: container.id, services: [fields], hashes, pathOf: () => 'service' };
      const [service = ''] = await addServices(tx, added);
      const made = await serviceRow(tx, service);
      await changed(tx, caller, container, 'service.create', made, auditedService(made));
      return { service };
    }),
  );
  return outcome.service;
}

/** Changes the fields the mask names. @returns the identifier */
export async function updateService(
  { store }: AppDeps,
  caller: Caller,
  request: UpdateServiceRequest,
): Promise<string> {
  const asked = request.service ?? create(ServiceSchema);
  const found = new Violations();
  const paths = maskPaths(request.updateMask, SERVICE_PATHS, found);
  found.check('service.id', referenceFault(asked.id));
  found.refuse();
  const rpc = 'ServicesService.UpdateService';
  const { service: before } = await findService(store.db, caller, asked.id, 'service.id', rpc);
  const merge = async (db: Db, row: ServiceRow) => {
    const merged = mergeService(row, await groupNames(db, [row]), asked, paths, found);
    const read = readService(merged, 'service', found);
    found.refuse();
    return read;
  };
  const fields = await merge(store.db, before);
  const hashes = await hashPasswords(fields.options);
  await settlingRaces(fields, () =>
    store.transaction(async (tx) => {
      const { service, container } = await findService(tx.db, caller, asked.id, 'service.id', rpc);
      const site = await siteOf(tx, container);
      await bumpSite(tx, site.id, container.id);
      refuseDeleting(container);
      // Read again under the lock: what another has changed in between, and this mask does not name, stays.
      const current = await serviceRow(tx, service.id);
      const now = await merge(tx.db, current);
      const options = await settleOptions(tx.db, now.options, hashes, 'service', current);
      const kept = keptNames(current);
      const claim = { caller, site, containerId: container.id, serviceId: service.id, kept, path: 'service' };
      const { names, ...set } = await placeService(tx, claim, now, options);
      await tx.db.updateTable('services').set(set).where('id', '=', service.id).execute();
      await replaceNames(tx, { ...service, names });
      const after = await serviceRow(tx, service.id);
      const passwordsOf = repasswordedIn(current, after);
      const change = {
        ...difference(auditedService(current), auditedService(after)),
        ...(passwordsOf.length > 0 ? { passwordsOf } : {}),
      };
      await changed(tx, caller, container, 'service.update', after, change);
    }),
  );
  return before.id;
}

/** Removes a service. */
export async function deleteService({ store }: AppDeps, caller: Caller, request: DeleteServiceRequest): Promise<void> {
  await store.transaction(async (tx) => {
    const { service, container } = await findService(
      tx.db,
      caller,
      request.service,
      'service',
      'ServicesService.DeleteService',
    );
    await bumpSite(tx, container.site_id, container.id);
    await tx.db.deleteFrom('services').where('id', '=', service.id).execute();
    await tx.db.deleteFrom('conditions').where('subject', '=', `service ${service.id}`).execute();
    await changed(tx, caller, container, 'service.delete', service, auditedService(service));
  });
}

async function serviceRow(tx: Tx, id: string): Promise<ServiceRow> {
  const service = await serviceById(tx.db, id);
  if (!service) throw new Error(`service ${id} is gone within its own transaction`);
  return service;
}

async function siteOf(tx: Tx, container: Row<'containers'>): Promise<Row<'sites'>> {
  const site = await siteById(tx.db, container.site_id);
  if (!site) throw new Error(`container ${container.id} has no site`);
  return site;
}

function refuseDeleting(container: Row<'containers'>): void {
  if (container.phase !== 'deleting') return;
  throw new AppError('failed_precondition', {
    reason: 'container_not_ready',
    message: `${container.hostname} is being deleted.`,
  });
}

async function refuseTooMany(tx: Tx, containerId: string): Promise<void> {
  const rows = await tx.db.selectFrom('services').select('id').where('container_id', '=', containerId).execute();
  if (rows.length < LIMITS.services) return;
  throw new AppError('resource_exhausted', {
    reason: 'too_many_services',
    message: `A container has at most ${LIMITS.services} services.`,
  });
}

async function changed(
  tx: Tx,
  caller: Caller,
  container: Row<'containers'>,
  action: string,
  service: ServiceRow,
  change: Record<string, unknown>,
): Promise<void> {
  tx.nudge({ kind: 'container', id: container.id });
  await record(tx, caller, {
    action,
    siteId: container.site_id,
    containerId: container.id,
    objectKind: 'service',
    objectId: service.id,
    objectName: serviceName(container, service),
    change,
  });
}

/** An automatic port lost to somebody else is picked anew; a name or port asked for by its caller is reported. */
async function settlingRaces<T>(fields: ServiceFields, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UniqueViolation)) throw error;
      const automatic = error.constraint === 'services_port' && fields.externalPort === 0;
      if (!automatic || attempt === ATTEMPTS) throw lostRace(error.constraint, 'service') ?? error;
    }
  }
}
