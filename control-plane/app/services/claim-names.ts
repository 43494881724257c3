/**
 * Whose a name is. One that nobody serves is free. One that is served already, by HTTPS or by TLS with its name, is only
 * for whoever manages every container that serves it: whoever gets another path or port of a name gets its cookies, too.
 */
import { roleIncludes } from '../../auth/policy.ts';
import { invalid, taken } from '../../errors.ts';
import { domainById } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import type { ServiceName, ServiceRow } from '../../store/services.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { Caller } from '../caller.ts';
import { requireUsableDomain } from '../domains/may-use.ts';
import { rolesIn } from '../roles.ts';
import type { ServiceFields } from './service-fields.ts';

/** Who asks for names, where, and for which service. */
export interface Claim {
  caller: Caller;
  site: Row<'sites'>;
  containerId: string;
  /** The service that may keep its own; empty for a new one. */
  serviceId: string;
  /** Domains of the names that it has, by name. */
  kept: ReadonlyMap<string, string>;
  /** Path of the service in the request. */
  path: string;
}

/** The names that a service has, each with its domain, as `Claim.kept` wants them. */
export function keptNames(row: ServiceRow): Map<string, string> {
  const names = row.names.map(({ host, domain_id }): [string, string] => [host, domain_id]);
  return new Map(row.domain_id === null ? names : [...names, [row.sni_host, row.domain_id]]);
}

/** The names of an HTTP service. @throws AppError "unknown_domain", "domain_not_verified", "host_taken" naming the field */
export async function claimHosts(
  tx: Tx,
  claim: Claim,
  { hosts, path, options }: ServiceFields,
): Promise<ServiceName[]> {
  const names: ServiceName[] = [];
  for (const [i, host] of hosts.entries()) {
    const field = i === 0 ? `${claim.path}.http.host` : `${claim.path}.http.other_hosts[${i - 1}]`;
    const domain = await domainOf(tx, claim, host, field);
    if (options.signIn.require === 'oauth2_proxy' && domain.oauth2_proxy_url === '') {
      const description = `cannot be oauth2-proxy: the domain ${domain.name} has none`;
      throw invalid([{ field: `${claim.path}.http.options.sign_in.require`, description }], 'no_oauth2_proxy');
    }
    await refuseTakenPlace(tx.db, claim, host, path, field);
    await refuseForeignName(tx.db, claim, host, field);
    names.push({ host, path, domain_id: domain.id });
  }
  return names;
}

/** The domain of the name by which a TLS service is asked for. @throws AppError "unknown_domain", "host_taken" */
export async function claimSniHost(tx: Tx, claim: Claim, host: string): Promise<string> {
  const field = `${claim.path}.tcp.host`;
  const domain = await domainOf(tx, claim, host, field);
  await refuseForeignName(tx.db, claim, host, field);
  return domain.id;
}

/** The domain that a name is under. A service keeps a name that it has, also when its domain is not the caller's to use. */
async function domainOf(tx: Tx, { caller, site, kept }: Claim, host: string, field: string): Promise<Row<'domains'>> {
  const domain = await domainById(tx.db, kept.get(host) ?? '');
  return domain ?? requireUsableDomain(tx.db, caller, site, host, field);
}

async function refuseTakenPlace(db: Db, claim: Claim, host: string, path: string, field: string): Promise<void> {
  const query = db.selectFrom('service_names').select('service_id').where('host', '=', host).where('path', '=', path);
  const row = await query.executeTakeFirst();
  if (row && row.service_id !== claim.serviceId) throw hostTaken(host, path, field);
}

/** @throws AppError "host_taken", the same whether or not the caller may know who serves it */
async function refuseForeignName(db: Db, claim: Claim, host: string, field: string): Promise<void> {
  const others = await db
    .selectFrom('containers')
    .select(['id', 'site_id', 'owner_id'])
    .where('id', '<>', claim.containerId)
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('services')
        .select('container_id')
        .where((row) =>
          row.or([
            row('sni_host', '=', host),
            row('id', 'in', row.selectFrom('service_names').select('service_id').where('host', '=', host)),
          ]),
        ),
    )
    .execute();
  const roles = await rolesIn(db, claim.caller, others);
  const foreign = others.some(({ id }) => !roleIncludes(roles.get(id) ?? 'viewer', 'maintainer'));
  if (foreign) throw hostTaken(host, '/', field);
}

function hostTaken(host: string, path: string, field: string) {
  return taken('host_taken', field, `The name "${host}${path === '/' ? '' : path}" is served already.`);
}
