import { newId } from '@berth/control-plane/ids.ts';
import { loadMasterKey } from '@berth/control-plane/master-key.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import type { NewRow } from '@berth/control-plane/store/schema.ts';
import { insertServices, type NewService } from '@berth/control-plane/store/services.ts';
import { bumpSite } from '@berth/control-plane/store/site-changes.ts';

export interface PopulateOptions {
  databaseUrl: string;
  masterKeyFile: string;
  siteId: string;
  domain: string;
  /** How many containers, each with one HTTP service. */
  count: number;
  /** Port of their pages. */
  internalPort: number;
}

const BATCH = 200;

/**
 * Fills a site with containers that exist in the database alone, for measuring at size: reserved addresses, names and
 * routes are as real to the dnsmasq and nginx hosts as any.
 * @returns identifiers of the containers
 */
export async function populate(options: PopulateOptions): Promise<string[]> {
  const store = await openStore({ url: options.databaseUrl, masterKey: loadMasterKey(options.masterKeyFile) });
  try {
    const owner = await store.db.selectFrom('users').select('id').executeTakeFirstOrThrow();
    const node = await store.db.selectFrom('nodes').select(['id', 'cluster']).executeTakeFirstOrThrow();
    const domain = await store.db
      .selectFrom('domains')
      .select('id')
      .where('name', '=', options.domain)
      .executeTakeFirstOrThrow();
    const site = await store.db
      .selectFrom('sites')
      .select('network')
      .where('id', '=', options.siteId)
      .executeTakeFirstOrThrow();
    const network = site.network.split('.').slice(0, 2).join('.');
    const ids: string[] = [];
    for (let from = 0; from < options.count; from += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, options.count - from) }, (_, i) => from + i);
      await store.transaction(async (tx) => {
        const rows = numbers.map((i) => container(i, options, { owner: owner.id, node, network, now: tx.now }));
        await tx.db.insertInto('containers').values(rows).execute();
        await insertServices(
          tx,
          rows.map((row) => service(row, options, domain.id)),
        );
        await bumpSite(tx, options.siteId, null);
        ids.push(...rows.map((row) => row.id));
      });
    }
    return ids;
  } finally {
    await store.close();
  }
}

interface Surroundings {
  owner: string;
  node: { id: string; cluster: string };
  /** The two numbers that addresses of the site begin with. */
  network: string;
  now: number;
}

function container(
  i: number,
  options: PopulateOptions,
  { owner, node, network, now }: Surroundings,
): NewRow<'containers'> {
  const hex = (i + 0x10_0000).toString(16).padStart(6, '0');
  return {
    id: newId('ctr', now),
    site_id: options.siteId,
    node_id: node.id,
    owner_id: owner,
    hostname: `filler-${i}`,
    template: 'debian-12',
    cores: 1,
    memory_mib: 128,
    disk_gib: 1,
    description: '',
    cluster: node.cluster,
    vmid: 100_000 + i,
    mac: `02:00:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`,
    address: `${network}.${100 + Math.floor(i / 250)}.${1 + (i % 250)}`,
    phase: 'ready',
    power: 'running',
    active_operation_id: null,
    created_at: now,
    updated_at: now,
  };
}

function service(row: NewRow<'containers'>, options: PopulateOptions, domainId: string): NewService {
  return {
    id: newId('svc', row.created_at),
    container_id: row.id,
    site_id: options.siteId,
    kind: 'http',
    internal_port: options.internalPort,
    backend_tls: 0,
    names: [{ host: `${row.hostname}.${options.domain}`, path: '/', domain_id: domainId }],
    external_port: null,
    created_at: row.created_at,
  };
}
