import type { Row } from './schema.ts';
import type { ServiceRow } from './services.ts';
import type { Db } from './store.ts';

/** With which certificate a name is served. */
export interface NameCertificate {
  host: string;
  selfSigned: boolean;
  issuer: string;
  /** Milliseconds since the epoch. */
  notAfter: number;
  /** Why there is no better one yet; empty when nothing is wrong. */
  problem: string;
}

type Served = Pick<Row<'certificates'>, 'domain_id' | 'name' | 'self_signed' | 'issuer' | 'not_after'>;

/** The certificates of the names of some services, by name; as desired/ chooses them, a name's own before its domain's. */
export async function certificatesOf(db: Db, services: readonly ServiceRow[]): Promise<Map<string, NameCertificate>> {
  const places = services.flatMap(namesWithTls);
  if (places.length === 0) return new Map();
  const domainIds = [...new Set(places.map(({ domainId }) => domainId))];
  const hosts = [...new Set(places.map(({ host }) => host))];
  const served = new Map((await newest(db, domainIds, hosts)).map((row) => [`${row.domain_id} ${row.name}`, row]));
  const problems = await problemsOf(db, domainIds, hosts);
  return new Map(
    places.flatMap(({ host, domainId }): [string, NameCertificate][] => {
      const row = served.get(`${domainId} ${host}`) ?? served.get(`${domainId} `);
      if (!row) return [];
      const problem = problems.get(`${domainId} ${host}`) ?? problems.get(`${domainId} `) ?? '';
      return [
        [host, { host, selfSigned: row.self_signed === 1, issuer: row.issuer, notAfter: row.not_after, problem }],
      ];
    }),
  );
}

/** The names under which a service is served with a certificate of the site's. */
export function namesWithTls(service: ServiceRow): { host: string; domainId: string }[] {
  const names = service.names.map(({ host, domain_id }) => ({ host, domainId: domain_id }));
  if (service.tls !== 'terminate' || service.domain_id === null) return names;
  return [...names, { host: service.sni_host, domainId: service.domain_id }];
}

function newest(db: Db, domainIds: string[], hosts: string[]): Promise<Served[]> {
  return db
    .selectFrom('certificates')
    .select(['domain_id', 'name', 'self_signed', 'issuer', 'not_after'])
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('certificates as c')
        .select((ec) => ec.fn.max('c.id').as('id'))
        .where('c.domain_id', 'in', domainIds)
        .where('c.name', 'in', ['', ...hosts])
        .where('c.revoked_at', 'is', null)
        .groupBy(['c.domain_id', 'c.name']),
    )
    .execute();
}

/** What an authority last said, where it has not given a certificate; the domain as a whole bears an empty name here. */
async function problemsOf(db: Db, domainIds: string[], hosts: string[]): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('managed_certificates')
    .innerJoin('domains', 'domains.id', 'managed_certificates.domain_id')
    .select(['domain_id', 'managed_certificates.name as name', 'domains.name as domain', 'last_error'])
    .where('domain_id', 'in', domainIds)
    .where('last_error', '<>', '')
    .where('failures', '>', 0)
    .where((row) =>
      row.or([
        row('managed_certificates.name', 'in', hosts),
        row('managed_certificates.name', '=', row.ref('domains.name')),
      ]),
    )
    .execute();
  return new Map(rows.map((row) => [`${row.domain_id} ${row.name === row.domain ? '' : row.name}`, row.last_error]));
}
