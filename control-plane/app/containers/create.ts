import {
  type Container,
  ContainerSchema,
  type CreateContainerRequest,
  CreateContainerRequestSchema,
} from '@berth/proto/api/v1/containers_pb.js';
import { create } from '@bufbuild/protobuf';
import { taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { createContainer } from '../../operations/create-container.ts';
import { stepTitles } from '../../operations/sagas.ts';
import { pickMac, pickVmid } from '../../store/allocate.ts';
import { pickAddress } from '../../store/allocate-address.ts';
import { insertContainer } from '../../store/containers.ts';
import { insertOperation } from '../../store/operations.ts';
import type { Row } from '../../store/schema.ts';
import { servicesOf } from '../../store/services.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller, refuseOutsideToken } from '../caller.ts';
import { findSite } from '../find.ts';
import { type CreateOutcome, checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { record } from '../record.ts';
import { addServices } from '../services/add-services.ts';
import { auditedService } from '../services/service-fields.ts';
import { type Hashes, hashPasswords } from '../services/settle-options.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { type ContainerFields, readContainer } from './container-fields.ts';
import { placeContainer } from './place-container.ts';
import { requireAgents } from './require-agents.ts';

/** What a create makes. */
export type CreatedContainer = { container: string; operation: string };

/** Collisions that other candidates settle. */
const RACES = ['containers_address', 'containers_mac', 'containers_vmid', 'services_port'];
const ATTEMPTS = 20;

/**
 * Asks for a container: reserves node, VMID, MAC, address, name and ports, and leaves the rest to its operation.
 * @throws AppError with a violation for every wrong field; "hostname_taken", "agent_missing", "range_exhausted" …
 */
export async function createContainerVerb(
  deps: AppDeps,
  caller: Caller,
  request: CreateContainerRequest,
): Promise<CreateOutcome<CreatedContainer>> {
  authorise(caller, 'ContainersService.CreateContainer');
  const asked = request.container ?? create(ContainerSchema);
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('container.site', referenceFault(asked.site));
  const fields = readContainer(asked, found);
  found.refuse();
  const hashes = await Promise.all(fields.services.map(({ options }) => hashPasswords(options)));
  const call = { caller, schema: CreateContainerRequestSchema, request };
  for (let attempt = 1; ; attempt++) {
    try {
      return await createOnce(deps.store, call, (tx) => reserve(deps, tx, caller, asked, fields, hashes));
    } catch (error) {
      if (!(error instanceof UniqueViolation)) throw error;
      if (error.constraint === 'containers_hostname') throw hostnameTaken(fields.hostname);
      if (!RACES.includes(error.constraint) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function reserve(
  deps: AppDeps,
  tx: Tx,
  caller: Caller,
  asked: Pick<Container, 'site' | 'node'>,
  fields: ContainerFields,
  hashes: readonly Hashes[],
): Promise<CreatedContainer> {
  const container = newId('ctr', tx.now);
  const operation = newId('opn', tx.now);
  const site = await findSite(tx.db, asked.site, 'container.site');
  refuseOutsideToken(caller, site.id);
  // First of all, because it locks the site's row: creates of one site queue up instead of colliding.
  const revision = await bumpSite(tx, site.id, container);
  await requireAgents(
    tx.db,
    site,
    fields.services.length > 0 ? ['proxmox', 'dnsmasq', 'nginx'] : ['proxmox', 'dnsmasq'],
  );
  await refuseTakenHostname(tx, site.id, fields.hostname);
  const node = await placeContainer(tx, site, asked.node);
  const row = await containerRow(deps, tx, { caller, site, node, fields, container, operation });
  await insertContainer(tx, row);
  const { services } = fields;
  const pathOf = (i: number) => `container.services[${i}]`;
  await addServices(tx, { caller, site, containerId: container, services, hashes, pathOf });
  await insertOperation(tx, {
    id: operation,
    kind: createContainer.kind,
    siteId: site.id,
    containerId: container,
    hostname: fields.hostname,
    userId: caller.userId,
    requestId: caller.requestId,
    data: { reservedRevision: revision },
    steps: stepTitles(createContainer),
    done: 1,
  });
  const { vmid, mac, address } = row;
  await record(tx, caller, {
    action: 'container.create',
    siteId: site.id,
    objectKind: 'container',
    objectId: container,
    change: {
      ...fields,
      services: (await servicesOf(tx.db, [container])).map(auditedService),
      ...{ node: node.name, vmid, mac, address },
    },
  });
  tx.nudge({ kind: 'container', id: container });
  return { container, operation };
}

interface Reservation {
  caller: Caller;
  site: Row<'sites'>;
  node: Row<'nodes'>;
  fields: ContainerFields;
  container: string;
  operation: string;
}

async function containerRow(deps: AppDeps, tx: Tx, reservation: Reservation): Promise<Row<'containers'>> {
  const { caller, site, node, fields, container, operation } = reservation;
  const mac = await pickMac(tx, deps.random);
  return {
    id: container,
    site_id: site.id,
    node_id: node.id,
    owner_id: caller.userId,
    hostname: fields.hostname,
    template: fields.template,
    cores: fields.cores,
    memory_mib: fields.memoryMib,
    disk_gib: fields.diskGib,
    description: fields.description,
    cluster: node.cluster,
    vmid: await pickVmid(tx, node.cluster, deps.firstVmid),
    mac,
    address: await pickAddress(tx, site, mac),
    phase: 'creating',
    power: 'running',
    active_operation_id: operation,
    created_at: tx.now,
    updated_at: tx.now,
  };
}

async function refuseTakenHostname(tx: Tx, siteId: string, hostname: string): Promise<void> {
  const row = await tx.db
    .selectFrom('containers')
    .select('id')
    .where('site_id', '=', siteId)
    .where('hostname', '=', hostname)
    .executeTakeFirst();
  if (row) throw hostnameTaken(hostname);
}

function hostnameTaken(hostname: string): Error {
  return taken('hostname_taken', 'container.hostname', `The site has a container "${hostname}" already.`);
}
