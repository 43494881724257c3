/** Rows for the store's tests: a user, a site, a node in it, and containers as many as a test asks for. */
import type { NewRow, Row } from './schema.ts';
import type { Store } from './store.ts';

/** A site whose range is 10.64.0.10 up to the given last address. */
export function sampleSite(change: Partial<Row<'sites'>> = {}): Row<'sites'> {
  return {
    id: 'sit-1',
    name: 'lab',
    internal_domain: 'lab.internal',
    network: '10.64.0.0/22',
    range_start: '10.64.0.10',
    range_end: '10.64.3.200',
    gateway: '10.64.0.1',
    dns_servers: '[]',
    forwarders: '[]',
    external_address: '',
    port_range_start: 2_000,
    port_range_end: 2_100,
    revision: 0,
    created_at: 1,
    updated_at: 1,
    trusted_proxies: '[]',
    proxy_protocol: 0,
    custom_domains: 0,
    ...change,
  };
}

/** A node without its secret. */
export function sampleNode(id = 'nod-1', change: Partial<Row<'nodes'>> = {}): Omit<Row<'nodes'>, 'token_secret_box'> {
  return {
    id,
    site_id: 'sit-1',
    name: id.replace('nod', 'pve'),
    cluster: 'pve',
    api_url: 'https://10.65.0.2:8006',
    token_id: 'berth@pve!berth',
    ca_pem: '',
    fingerprint: '',
    image_storage: 'local',
    volume_storage: 'local-lvm',
    bridge: 'vmbr0',
    agent_id: null,
    schedulable: 1,
    created_at: 1,
    updated_at: 1,
    ...change,
  };
}

/** Container number `n`, every unique value its own. */
export function sampleContainer(n: number, change: Partial<Row<'containers'>> = {}): NewRow<'containers'> {
  return {
    id: `ctr-${String(n).padStart(6, '0')}`,
    site_id: 'sit-1',
    node_id: 'nod-1',
    owner_id: 'usr-1',
    hostname: `web${n}`,
    template: 'debian-12',
    cores: 1,
    memory_mib: 512,
    disk_gib: 4,
    description: '',
    cluster: 'pve',
    vmid: 100_000 + n,
    mac: `bc:24:11:${[n >> 16, n >> 8, n].map((part) => (part & 255).toString(16).padStart(2, '0')).join(':')}`,
    address: `10.66.${n >> 8}.${n & 255}`,
    phase: 'ready',
    power: 'running',
    active_operation_id: null,
    created_at: 1,
    updated_at: 1,
    ...change,
  };
}

/** Puts the user, the site and the node in. */
export async function seedSite(store: Store, site: Row<'sites'> = sampleSite()): Promise<void> {
  await store.transaction(async ({ db }) => {
    const user = {
      id: 'usr-1',
      username: 'ada',
      uid_number: 2_000,
      display_name: '',
      password_hash: '',
      created_at: 1,
    };
    await db
      .insertInto('users')
      .values({ ...user, status: 'active' })
      .execute();
    await db.insertInto('sites').values(site).execute();
    const token_secret_box = store.secrets.seal('secret', 'nodes.token_secret:nod-1');
    await db
      .insertInto('nodes')
      .values({ ...sampleNode(), token_secret_box })
      .execute();
  });
}
