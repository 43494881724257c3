import { newId } from '../../ids.ts';
<<<<<<< HEAD
import { pickPort } from '../../store/allocate.ts';
=======
>>>>>>> 945577a (Read, check and keep all that people may want of a service)
import type { Row } from '../../store/schema.ts';
import { type ServiceOptions, serviceOptionsColumn } from '../../store/service-options.ts';
import { insertServices, type NewService } from '../../store/services.ts';
import type { Tx } from '../../store/store.ts';
import type { Caller } from '../caller.ts';
<<<<<<< HEAD
import type { ServiceFields } from '../containers/container-fields.ts';
import { requireUsableDomain } from '../domains/may-use.ts';
=======
import { type Claim, claimHosts, claimSniHost } from './claim-names.ts';
import { claimPort } from './claim-port.ts';
import type { ServiceFields } from './service-fields.ts';
import { type Hashes, settleOptions } from './settle-options.ts';

/** Services to be added to a container. */
export interface AddedServices {
  caller: Caller;
  site: Row<'sites'>;
  containerId: string;
  services: readonly ServiceFields[];
  /** Of the passwords of each, by position. */
  hashes: readonly Hashes[];
  /** Path of a service in the request, by its position. */
  pathOf: (position: number) => string;
}
>>>>>>> 945577a (Read, check and keep all that people may want of a service)

/**
 * Puts services in, each with its names or the port it asked for, or the lowest free one.
 * @returns identifiers in order
<<<<<<< HEAD
 * @throws AppError "host_taken", "port_taken", "unknown_domain", "domain_not_verified", "port_out_of_range", "ports_exhausted"
 */
export async function addServices(
  tx: Tx,
  caller: Caller,
  site: Row<'sites'>,
  containerId: string,
  services: readonly ServiceFields[],
  pathOf: (position: number) => string,
): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, service] of services.entries()) {
    const id = newId('svc', tx.now + i);
    const place = await placeOf(tx, caller, site, service, pathOf(i));
    const row = {
      id,
      container_id: containerId,
      site_id: site.id,
      kind: service.kind,
      internal_port: service.internalPort,
      backend_tls: service.backendTls ? 1 : 0,
      created_at: tx.now,
      ...place,
    };
=======
 * @throws AppError "host_taken", "port_taken", "unknown_domain", "port_out_of_range", "ports_exhausted", "group_not_found"
 */
export async function addServices(tx: Tx, added: AddedServices): Promise<string[]> {
  const { caller, site, containerId, services, hashes, pathOf } = added;
  const ids: string[] = [];
  for (const [i, service] of services.entries()) {
    const id = newId('svc', tx.now + i);
    const path = pathOf(i);
    const options = await settleOptions(tx.db, service.options, hashes[i] ?? new Map(), path);
    const columns = await placeService(tx, { caller, site, containerId, serviceId: '', path }, service, options);
    const row = { id, container_id: containerId, site_id: site.id, kind: service.kind, created_at: tx.now, ...columns };
>>>>>>> 945577a (Read, check and keep all that people may want of a service)
    await insertServices(tx, [row]);
    ids.push(id);
  }
  return ids;
}

<<<<<<< HEAD
/** The columns that say how a service is reached from outside; `except` is the service that may keep its own. */
export async function placeOf(
  tx: Tx,
  caller: Caller,
  site: Row<'sites'>,
  service: ServiceFields,
  path: string,
  except = '',
) {
  if (service.kind === 'http') {
    const { id: domainId } = await requireUsableDomain(tx.db, caller, site, service.host, `${path}.http.host`);
    await refuseTakenHost(tx, service.host, `${path}.http.host`, except);
    return { names: [{ host: service.host, path: '/', domain_id: domainId }], external_port: null };
  }
  const port = await externalPort(tx, site, service, `${path}.${service.kind}.external_port`, except);
  return { names: [], external_port: port };
}

async function refuseTakenHost(tx: Tx, host: string, field: string, except: string): Promise<void> {
  const query = tx.db.selectFrom('service_names').select('service_id').where('host', '=', host);
  const row = await query.executeTakeFirst();
  if (row && row.service_id !== except) throw taken('host_taken', field, `The name "${host}" is served already.`);
}

async function externalPort(
=======
/** The columns and names that hold a service, as far as they may change. @throws as `addServices` does */
export async function placeService(
>>>>>>> 945577a (Read, check and keep all that people may want of a service)
  tx: Tx,
  claim: Claim,
  service: ServiceFields,
  options: ServiceOptions,
): Promise<Omit<NewService, 'id' | 'container_id' | 'site_id' | 'kind' | 'created_at'>> {
  const common = {
    internal_port: service.internalPort,
    backend_tls: service.backendTls ? 1 : 0,
    options: serviceOptionsColumn(options),
  };
  if (service.kind === 'http') {
    const names = await claimHosts(tx, claim, service);
    return { ...common, names, external_port: null, tls: '', sni_host: '', domain_id: null };
  }
  const domain_id = service.tls ? await claimSniHost(tx, claim, service.sniHost) : null;
  const external_port = await claimPort(tx, claim, service);
  return { ...common, names: [], external_port, tls: service.tls, sni_host: service.sniHost, domain_id };
}
