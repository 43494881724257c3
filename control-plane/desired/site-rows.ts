import type { Row } from '../store/schema.ts';
import type { SiteChange } from '../store/site-changes.ts';

/** A domain's certificate with its key in the clear. */
export type CertificateRow = Pick<Row<'certificates'>, 'domain_id' | 'dns_names' | 'chain_pem' | 'self_signed'> & {
  key_pem: string;
};

/** A node with its token's secret in the clear. */
export type NodeRow = Pick<
  Row<'nodes'>,
  'id' | 'name' | 'api_url' | 'token_id' | 'ca_pem' | 'fingerprint' | 'agent_id'
> & { token_secret: string };

/** What belongs to a site as a whole. */
export interface SiteRows {
  site: Pick<
    Row<'sites'>,
    'id' | 'internal_domain' | 'network' | 'range_start' | 'range_end' | 'gateway' | 'dns_servers' | 'forwarders'
  >;
  domains: Pick<Row<'domains'>, 'id' | 'name'>[];
  /** The newest of each domain. */
  certificates: CertificateRow[];
  nodes: NodeRow[];
  /** Active proxmox agents, oldest first. */
  proxmoxAgentIds: string[];
}

/** A container with its services. */
export interface ContainerRows {
  container: Pick<Row<'containers'>, 'id' | 'node_id' | 'hostname' | 'vmid' | 'mac' | 'address' | 'phase'>;
  services: Pick<
    Row<'services'>,
    'id' | 'kind' | 'internal_port' | 'host' | 'domain_id' | 'backend_tls' | 'external_port'
  >[];
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
