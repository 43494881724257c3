import { newId } from '../../ids.ts';
import type { Row } from '../../store/schema.ts';
import { type ServiceOptions, serviceOptionsColumn } from '../../store/service-options.ts';
import { insertServices, type NewService } from '../../store/services.ts';
import type { Tx } from '../../store/store.ts';
import type { Caller } from '../caller.ts';
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

/**
 * Puts services in, each with its names or the port it asked for, or the lowest free one.
 * @returns identifiers in order
 * @throws AppError "host_taken", "port_taken", "unknown_domain", "port_out_of_range", "ports_exhausted", "group_not_found"
 */
export async function addServices(tx: Tx, added: AddedServices): Promise<string[]> {
  const { caller, site, containerId, services, hashes, pathOf } = added;
  const ids: string[] = [];
  for (const [i, service] of services.entries()) {
    const id = newId('svc', tx.now + i);
    const path = pathOf(i);
    const options = await settleOptions(tx.db, service.options, hashes[i] ?? new Map(), path);
    const claim = { caller, site, containerId, serviceId: '', kept: new Map(), path };
    const columns = await placeService(tx, claim, service, options);
    const row = { id, container_id: containerId, site_id: site.id, kind: service.kind, created_at: tx.now, ...columns };
    await insertServices(tx, [row]);
    ids.push(id);
  }
  return ids;
}

/** The columns and names that hold a service, as far as they may change. @throws as `addServices` does */
export async function placeService(
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
