/** A site in memory that counts what is read of it: the views' tests change it and compare. */
import type { SiteChange } from '../store/site-changes.ts';
import type { ContainerRows, NodeRow, SiteReader, SiteRows, SiteSnapshot } from './site-rows.ts';

type Service = ContainerRows['services'][number];

/** A site with one domain, one node and one proxmox agent to start with. */
export class SiteModel implements SiteReader {
  revision = 1;
  /** Rows handed out so far. */
  rowsRead = 0;
  rows: SiteRows = {
    site: {
      id: 'sit-1',
      internal_domain: 'lab.internal',
      network: '10.64.0.0/16',
      range_start: '10.64.0.10',
      range_end: '10.64.255.254',
      gateway: '10.64.0.1',
      dns_servers: '[]',
      forwarders: '["9.9.9.9"]',
      trusted_proxies: '[]',
      proxy_protocol: 0,
    },
    signIn: { controlPlaneUrl: '', controlPlaneName: '', controlPlaneCaPem: '', publicUrl: '' },
    domains: [],
    certificates: [],
    challenges: [],
    records: [],
    nodes: [],
    proxmoxAgentIds: ['agt-1'],
  };
  readonly #containers = new Map<string, ContainerRows>();
  #changes: SiteChange[] = [];

  constructor() {
    this.addDomain(0);
    this.setNode('nod-1', null);
  }

  async read<T>(work: (rows: SiteSnapshot) => Promise<T>): Promise<T> {
    return work({
      revision: async () => this.#count(1, this.revision),
      changesSince: async (revision) => this.#counted(this.#since(revision)),
      site: async () => {
        const { domains, certificates, nodes, proxmoxAgentIds } = this.rows;
        const size = 1 + domains.length + certificates.length + nodes.length + proxmoxAgentIds.length;
        return this.#count(size, structuredClone(this.rows));
      },
      containers: async (ids) => {
        const found = (ids ?? [...this.#containers.keys()]).flatMap((id) => this.#containers.get(id) ?? []);
        const size = found.reduce((sum, { services }) => sum + 1 + services.length, 0);
        return this.#count(size, structuredClone(found));
      },
    });
  }

  /** Puts container number `n` in, or does nothing when it is there. */
  addContainer(n: number, services: readonly Service[] = []): void {
    const id = `ctr-${n}`;
    if (this.#containers.has(id)) return;
    const container = {
      id,
      node_id: 'nod-1',
      hostname: `web${n}`,
      vmid: 100 + n,
      mac: `bc:24:11:00:${hex(n >> 8)}:${hex(n)}`,
      address: `10.64.${n >> 8}.${n & 255}`,
      phase: 'creating' as const,
    };
    this.#containers.set(id, { container, services: this.#possible(services), certificates: [] });
    this.#bump(id);
  }

  /** Changes container number `n`, if there is one. */
  changeContainer(n: number, change: Partial<ContainerRows['container']>): void {
    if (change.node_id && !this.rows.nodes.some(({ id }) => id === change.node_id)) return;
    this.#change(n, (rows) => Object.assign(rows.container, change));
  }

  /** Gives container number `n` other services, if there is one. */
  setServices(n: number, services: readonly Service[]): void {
    this.#change(n, (rows) => {
      rows.services = this.#possible(services);
    });
  }

  /** Gives the first name of container number `n`'s services a certificate of its own, or none any more. */
  setOwnCertificate(n: number, pem: string): void {
    this.#change(n, (rows) => {
      const [name] = rows.services.flatMap(({ names }) => names);
      if (!name) return;
      const { host, domain_id } = name;
      const pems = { chain_pem: pem, key_pem: pem, dns_names: JSON.stringify([host]) };
      rows.certificates = pem === '' ? [] : [{ domain_id, name: host, ...pems, self_signed: 0 }];
    });
  }

  removeContainer(n: number): void {
    if (this.#containers.delete(`ctr-${n}`)) this.#bump(`ctr-${n}`);
  }

  addDomain(n: number): void {
    const id = `dom-${n}`;
    const name = `apps${n}.lab`;
    if (this.rows.domains.some((domain) => domain.id === id)) return;
    const hsts = { hsts_max_age: 31_536_000, hsts_subdomains: 0, hsts_preload: 0 };
    this.rows.domains.push({ id, name, ...hsts, oauth2_proxy_url: '' });
    this.renewCertificate(n, 'first');
  }

  /** Gives domain number `n` another certificate, if there is such a domain. */
  renewCertificate(n: number, pem: string): void {
    const domain = this.rows.domains.find(({ id }) => id === `dom-${n}`);
    if (!domain) return;
    const others = this.rows.certificates.filter((certificate) => certificate.domain_id !== domain.id);
    const dns_names = JSON.stringify([domain.name, `*.${domain.name}`]);
    const pems = { chain_pem: pem, key_pem: pem };
    const certificate = { domain_id: domain.id, name: '', dns_names, ...pems, self_signed: 1 };
    this.rows.certificates = [...others, certificate];
    this.#bump(null);
  }

  /** Adds a node, or gives one another agent. */
  setNode(id: string, agentId: string | null): void {
    const node: NodeRow = {
      id,
      name: id.replace('nod', 'pve'),
      api_url: 'https://10.65.0.2:8006',
      token_id: 'berth@pve!berth',
      token_secret: 'secret',
      ca_pem: '',
      fingerprint: '',
      image_storage: 'local',
      volume_storage: 'local-lvm',
      bridge: 'vmbr0',
      agent_id: agentId,
    };
    this.rows.nodes = [...this.rows.nodes.filter((other) => other.id !== id), node];
    this.#bump(null);
  }

  setAgents(ids: readonly string[]): void {
    this.rows.proxmoxAgentIds = [...ids];
    this.#bump(null);
  }

  setInternalDomain(name: string): void {
    this.rows.site.internal_domain = name;
    this.#bump(null);
  }

  /** Forgets which revision touched what. */
  prune(): void {
    this.#changes = [];
  }

  /** What the database's references would let in. */
  #possible(services: readonly Service[]): Service[] {
    const known = this.rows.domains.map(({ id }) => id);
    const under = (id: string | null) => id === null || known.includes(id);
    return services.filter((each) => under(each.domain_id) && each.names.every(({ domain_id }) => under(domain_id)));
  }

  #change(n: number, change: (rows: ContainerRows) => void): void {
    const rows = this.#containers.get(`ctr-${n}`);
    if (!rows) return;
    change(rows);
    this.#bump(rows.container.id);
  }

  #bump(containerId: string | null): void {
    this.revision += 1;
    this.#changes.push({ revision: this.revision, container_id: containerId });
  }

  /** From the end, as an index would find them, so that the model does not hide what a view costs. */
  #since(revision: number): SiteChange[] {
    const older = this.#changes.findLastIndex((change) => change.revision <= revision);
    return this.#changes.slice(older + 1);
  }

  #counted<T>(rows: T[]): T[] {
    return this.#count(rows.length, rows);
  }

  #count<T>(rows: number, value: T): T {
    this.rowsRead += rows;
    return value;
  }
}

/** An HTTP service of container number `n` under domain number `domain`. */
export function httpService(n: number, domain: number, port: number, more: ServiceWish = {}): Service {
  const id = `svc-${n}-http-${port}`;
  const { path = '/', options = null, further = 0 } = more;
  const names = Array.from({ length: 1 + further }, (_, i) => {
    const host = `web${n}-${port}${i === 0 ? '' : `-${i}`}.apps${domain}.lab`;
    return { host, path, domain_id: `dom-${domain}` };
  });
  return { id, kind: 'http', internal_port: port, names, ...plain, options, external_port: null };
}

/** What may be wanted of an HTTP service beyond a name. */
export interface ServiceWish {
  path?: string;
  /** The column. */
  options?: string | null;
  /** How many more names. */
  further?: number;
}

/** A TCP or UDP service of container number `n`. */
export function streamService(n: number, kind: 'tcp' | 'udp', port: number): Service {
  const id = `svc-${n}-${kind}`;
  return { id, kind, internal_port: port, names: [], ...plain, external_port: 2_000 + n };
}

/** A TCP service of container number `n` that shares port 3000 with others by the name "db`n`". */
export function sharedService(n: number, domain: number, tls: 'terminate' | 'pass_through'): Service {
  const place = { domain_id: `dom-${domain}`, sni_host: `db${n}.apps${domain}.lab`, tls };
  return { id: `svc-${n}-db`, kind: 'tcp', internal_port: 5432, names: [], ...plain, ...place, external_port: 3_000 };
}

const plain = { domain_id: null, backend_tls: 0, tls: '', sni_host: '', options: null } as const;

function hex(n: number): string {
  return (n & 255).toString(16).padStart(2, '0');
}
