import type { Row } from '../store/schema.ts';
import type { ServiceRow } from '../store/services.ts';
import type { SiteChange } from '../store/site-changes.ts';

/** A certificate with its key in the clear. */
export type CertificateRow = Pick<
  Row<'certificates'>,
  'domain_id' | 'name' | 'dns_names' | 'chain_pem' | 'self_signed'
> & {
  key_pem: string;
};

/** A node with its token's secret in the clear. */
export type NodeRow = Pick<
  Row<'nodes'>,
  | 'id'
  | 'name'
  | 'api_url'
  | 'token_id'
  | 'ca_pem'
  | 'fingerprint'
  | 'image_storage'
  | 'volume_storage'
  | 'bridge'
  | 'agent_id'
> & { token_secret: string };

/** A domain, as far as it shows on the hosts. */
export type DomainRow = Pick<
  Row<'domains'>,
  'id' | 'name' | 'hsts_max_age' | 'hsts_subdomains' | 'hsts_preload' | 'oauth2_proxy_url'
>;

/** How nginx hosts and browsers reach the control plane, for sign-in before apps; from the configuration. */
export interface SignInWays {
  /** Base URL for nginx hosts; empty where nobody can be signed in. */
  controlPlaneUrl: string;
  /** DNS name that the certificate there must have. */
  controlPlaneName: string;
  /** Authorities that may have signed it, PEM. */
  controlPlaneCaPem: string;
  /** Base URL for browsers. */
  publicUrl: string;
}

/** What belongs to a site as a whole. */
export interface SiteRows {
  site: Pick<
    Row<'sites'>,
    | 'id'
    | 'internal_domain'
    | 'network'
    | 'range_start'
    | 'range_end'
    | 'gateway'
    | 'dns_servers'
    | 'forwarders'
    | 'trusted_proxies'
    | 'proxy_protocol'
  >;
  signIn: SignInWays;
  domains: DomainRow[];
  /** The newest of each domain as a whole. */
  certificates: CertificateRow[];
  /** Challenges that the site's nginx answers. */
  challenges: Pick<Row<'acme_challenges'>, 'id' | 'host' | 'token' | 'answer'>[];
  /** TXT records that the site's dnsmasq serves. */
  records: Pick<Row<'internal_records'>, 'id' | 'fqdn' | 'text'>[];
  nodes: NodeRow[];
  /** Active proxmox agents, oldest first. */
  proxmoxAgentIds: string[];
}

/** A service with its names. */
export type ServiceOfContainer = Pick<
  ServiceRow,
  | 'id'
  | 'kind'
  | 'internal_port'
  | 'domain_id'
  | 'backend_tls'
  | 'external_port'
  | 'tls'
  | 'sni_host'
  | 'options'
  | 'names'
>;

/** A container with its services, and the certificates that names of theirs have to themselves. */
export interface ContainerRows {
  container: Pick<Row<'containers'>, 'id' | 'node_id' | 'hostname' | 'vmid' | 'mac' | 'address' | 'phase'>;
  services: ServiceOfContainer[];
  certificates: CertificateRow[];
}

/** The rows of one site as they were at one moment. */
export interface SiteSnapshot {
  /** @throws AppError "site_not_found" */
  revision(): Promise<number>;
  /** Changes after a revision, oldest first. */
  changesSince(revision: number): Promise<SiteChange[]>;
  site(): Promise<SiteRows>;
  /** Some containers, or all; those that are gone are left out. */
  containers(ids?: readonly string[]): Promise<ContainerRows[]>;
}

/** Where a view reads from. */
export interface SiteReader {
  /** Reads several things as they were at the same moment. */
  read<T>(work: (rows: SiteSnapshot) => Promise<T>): Promise<T>;
}
