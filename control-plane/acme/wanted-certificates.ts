import type { Db } from '../store/store.ts';

/** A certificate that should be kept valid. */
export interface WantedCertificate {
  domainId: string;
  /** The domain's name for the whole domain, else the one name. */
  name: string;
  dnsNames: string[];
  /** As in `managed_certificates.source`. */
  source: string;
  /** When people last changed what it is ordered by: the domain, its account, its DNS provider. */
  changedAt: number;
}

/**
 * The certificates that a site's domains want: of each domain that is shown to be ours and gets its certificates from
 * an authority, one for the whole of it, or one for each name of a service under it that is served with TLS.
 */
export async function wantedCertificates(db: Db, siteId: string): Promise<WantedCertificate[]> {
  const domains = await domainsOf(db, siteId);
  const singly = domains.filter(({ certificate_scope }) => certificate_scope === 'per_name');
  const hosts = singly.length === 0 ? [] : await hostsOf(db, siteId);
  const byDomain = Map.groupBy(hosts, ({ domain_id }) => domain_id);
  return domains.flatMap((domain) => {
    const by = { domainId: domain.id, source: sourceOf(domain), changedAt: changedAt(domain) };
    if (domain.certificate_scope !== 'per_name') {
      return [{ ...by, name: domain.name, dnsNames: [domain.name, `*.${domain.name}`] }];
    }
    const names = new Set((byDomain.get(domain.id) ?? []).map(({ host }) => host));
    return [...names].map((name) => ({ ...by, name, dnsNames: [name] }));
  });
}

type DomainRow = Awaited<ReturnType<typeof domainsOf>>[number];

function domainsOf(db: Db, siteId: string) {
  return db
    .selectFrom('domains as d')
    .leftJoin('acme_accounts as a', 'a.id', 'd.acme_account_id')
    .leftJoin('dns_providers as p', 'p.id', 'd.dns_provider_id')
    .select(['d.id', 'd.name', 'd.certificate_scope', 'd.certificate_source', 'd.acme_account_id', 'd.updated_at'])
    .select(['a.updated_at as account_updated_at', 'p.updated_at as provider_updated_at'])
    .where('d.site_id', '=', siteId)
    .where('d.certificate_source', 'in', ['acme', 'internal'])
    .where('d.verified_at', 'is not', null)
    .execute();
}

function sourceOf({ certificate_source, acme_account_id }: DomainRow): string {
  return certificate_source === 'internal' ? 'internal' : (acme_account_id ?? '');
}

function changedAt({ updated_at, account_updated_at, provider_updated_at }: DomainRow): number {
  return Math.max(updated_at, account_updated_at ?? 0, provider_updated_at ?? 0);
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
