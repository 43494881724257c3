import { type AppError, invalid, taken } from '../../errors.ts';
import { pickPort } from '../../store/allocate.ts';
import type { Row } from '../../store/schema.ts';
import { readServiceOptions } from '../../store/service-options.ts';
import type { Tx } from '../../store/store.ts';
import type { Claim } from './claim-names.ts';
import type { ServiceFields } from './service-fields.ts';

/**
 * The external port of a TCP or UDP service: the one it asks for, or the lowest that nobody has. One may be shared by
 * TCP services that use TLS and the PROXY protocol in the same way and are asked for by different names; `bumpSite` has locked the site, so
 * that no two of them look at once.
 * @throws AppError "port_out_of_range", "port_taken", "ports_exhausted"
 */
export async function claimPort(tx: Tx, claim: Claim, service: ServiceFields): Promise<number> {
  const { site, serviceId, path } = claim;
  const kind = service.kind === 'udp' ? 'udp' : 'tcp';
  const { externalPort: port } = service;
  if (port === 0) return pickPort(tx, site, kind);
  const field = `${path}.${kind}.external_port`;
  const { port_range_start: first, port_range_end: last } = site;
  if (port < first || port > last) {
    throw invalid([{ field, description: `must be within the site's range ${first}–${last}` }], 'port_out_of_range');
  }
  const others = await tx.db
    .selectFrom('services')
    .selectAll()
    .where('site_id', '=', site.id)
    .where('kind', '=', kind)
    .where('external_port', '=', port)
    .where('id', '<>', serviceId)
    .execute();
  for (const other of others) refuseClash(other, service, `External ${kind} port ${port}`, `${path}.${kind}`);
  return port;
}

/** Why a service cannot share a port with another that has it. */
function refuseClash(other: Row<'services'>, service: ServiceFields, port: string, path: string): void {
  const field = `${path}.external_port`;
  if (!service.tls || !other.tls) throw taken('port_taken', field, `${port} is in use.`);
  if (service.tls !== other.tls) {
    const mode = other.tls === 'terminate' ? 'ends' : 'passes through';
    throw taken('port_taken', field, `${port} is shared by services whose TLS ${mode}.`);
  }
  if (service.sniHost === other.sni_host) {
    throw taken('port_taken', `${path}.host`, `${port} serves the name "${other.sni_host}" already.`);
  }
  const { allow, deny, proxyProtocol } = readServiceOptions(other.options);
  if (proxyProtocol !== service.options.proxyProtocol) {
    const which = proxyProtocol ? 'are told' : 'are not told';
    const description = `does not fit: containers ${which} by it on this port`;
    throw invalid([{ field: `${path}.proxy_protocol`, description }], 'port_shared');
  }
  if (allow.length + deny.length > 0) throw taken('port_taken', field, `${port} has an access list of its own.`);
  const list = service.options.allow.length > 0 ? 'allow' : 'deny';
  if (service.options[list].length === 0) return;
  throw invalid([{ field: `${path}.${list}`, description: 'cannot go with a port that others share' }], 'port_shared');
}

/** A race lost at the unique constraint, in the words of the field that lost it. @param path of the service */
export function lostRace(constraint: string, path: string): AppError | undefined {
  if (constraint === 'service_names_place')
    return taken('host_taken', `${path}.http.host`, 'The name is served already.');
  if (constraint === 'services_port') return taken('port_taken', path, 'The external port is in use.');
  return undefined;
}
