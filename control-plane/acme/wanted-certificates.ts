import type { Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';

/** A certificate that should be kept valid. */
export interface WantedCertificate {
  domainId: string;
  /** The domain's name for the whole domain, else the one name. */
  name: string;
  dnsNames: string[];
}

/**
 * The certificates that a site's domains want: of each domain that is shown to be ours and gets its certificates from
 * an authority, one for the whole of it, or one for each name of a service under it that is served with TLS.
 */
export async function wantedCertificates(db: Db, siteId: string): Promise<WantedCertificate[]> {
  const domains = await db
    .selectFrom('domains')
    .select(['id', 'name', 'certificate_scope'])
    .where('site_id', '=', siteId)
    .where('certificate_source', 'in', ['acme', 'internal'])
    .where('verified_at', 'is not', null)
    .execute();
  const singly = domains.filter(({ certificate_scope }) => certificate_scope === 'per_name');
  const hosts = singly.length === 0 ? [] : await hostsOf(db, siteId);
  const byDomain = Map.groupBy(hosts, ({ domain_id }) => domain_id);
  return domains.flatMap((domain) => {
    if (domain.certificate_scope !== 'per_name') return [whole(domain)];
    const names = new Set((byDomain.get(domain.id) ?? []).map(({ host }) => host));
    return [...names].map((name) => ({ domainId: domain.id, name, dnsNames: [name] }));
  });
}

function whole({ id, name }: Pick<Row<'domains'>, 'id' | 'name'>): WantedCertificate {
  return { domainId: id, name, dnsNames: [name, `*.${name}`] };
}

/** Names of services by which they are asked for over TLS, with their domains. */
export async function hostsOf(db: Db, siteId: string): Promise<{ domain_id: string; host: string }[]> {
  const http = await db
    .selectFrom('service_names')
    .select(['domain_id', 'host'])
    .where('site_id', '=', siteId)
    .execute();
  const tcp = await db
    .selectFrom('services')
    .select(['domain_id', 'sni_host as host'])
    .where('site_id', '=', siteId)
    .where('tls', '=', 'terminate')
    .where('sni_host', '<>', '')
    .where('domain_id', 'is not', null)
    .$narrowType<{ domain_id: string }>()
    .execute();
  return [...http, ...tcp];
}
