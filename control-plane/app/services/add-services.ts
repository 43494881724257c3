import { type AppError, invalid, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { pickPort } from '../../store/allocate.ts';
import type { Row } from '../../store/schema.ts';
import { insertServices } from '../../store/services.ts';
import type { Tx } from '../../store/store.ts';
import type { Caller } from '../caller.ts';
import type { ServiceFields } from '../containers/container-fields.ts';
import { requireUsableDomain } from '../domains/may-use.ts';

/**
 * Puts services in, each with its name or the port it asked for, or the lowest free one.
 * @param pathOf path of a service in the request, by its position
 * @returns identifiers in order
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
    await insertServices(tx, [row]);
    ids.push(id);
  }
  return ids;
}

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
  tx: Tx,
  site: Row<'sites'>,
  service: ServiceFields,
  field: string,
  except: string,
): Promise<number> {
  const kind = service.kind === 'udp' ? 'udp' : 'tcp';
  if (service.externalPort === 0) return pickPort(tx, site, kind);
  const { port_range_start: first, port_range_end: last } = site;
  if (service.externalPort < first || service.externalPort > last) {
    throw invalid([{ field, description: `must be within the site's range ${first}–${last}` }], 'port_out_of_range');
  }
  const row = await tx.db
    .selectFrom('services')
    .select('id')
    .where('site_id', '=', site.id)
    .where('kind', '=', kind)
    .where('external_port', '=', service.externalPort)
    .executeTakeFirst();
  if (row && row.id !== except) {
    throw taken('port_taken', field, `External ${kind} port ${service.externalPort} is in use.`);
  }
  return service.externalPort;
}

/** A race lost at the unique constraint, in the words of the field that lost it. */
export function lostRace(constraint: string, path: string): AppError | undefined {
  if (constraint === 'service_names_place')
    return taken('host_taken', `${path}.http.host`, 'The name is served already.');
  if (constraint === 'services_port') return taken('port_taken', path, 'The external port is in use.');
  return undefined;
}
