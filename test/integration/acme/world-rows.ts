/** Rows that the verbs would make, put in directly. */
import { newAccountKeyBox, sealEabKey } from '@berth/control-plane/acme/account-secrets.ts';
import { addSelfSigned } from '@berth/control-plane/certificates/add-self-signed.ts';
import { selfSigned } from '@berth/control-plane/certificates/self-signed.ts';
import { newId } from '@berth/control-plane/ids.ts';
import type { SeededSite } from '@berth/control-plane/operations/testing/seed.ts';
import { insertDomain } from '@berth/control-plane/store/domains.ts';
import type { NewRow } from '@berth/control-plane/store/schema.ts';
import { insertServices } from '@berth/control-plane/store/services.ts';
import { bumpSite } from '@berth/control-plane/store/site-changes.ts';
import type { Store, Tx } from '@berth/control-plane/store/store.ts';

/** What an account is other than usual; `eabKey` in the clear. */
export type AccountChange = Partial<NewRow<'acme_accounts'>> & { eabKey?: string };

/** Puts an account in that is not registered yet. */
export function insertAccount(
  store: Store,
  { eabKey, ...row }: AccountChange & { directory_url: string },
): Promise<string> {
  return store.transaction(async (tx) => {
    const id = newId('acm', tx.now);
    await tx.db
      .insertInto('acme_accounts')
      .values({
        id,
        name: `pebble-${id.slice(-6)}`,
        email: 'ada@example.org',
        terms_agreed: 1,
        eab_key_id: '',
        eab_hmac_box: eabKey === undefined ? null : sealEabKey(tx.secrets, id, eabKey),
        ca_pem: '',
        key_box: newAccountKeyBox(tx.secrets, id),
        account_url: '',
        last_error: '',
        created_at: tx.now,
        updated_at: tx.now,
        ...row,
      })
      .execute();
    return id;
  });
}

/** Puts a domain in with its self-signed certificate. */
export async function insertDomainWithOwn(
  store: Store,
  domain: Partial<NewRow<'domains'>> & { site_id: string; name: string },
): Promise<string> {
  const made = await selfSigned(domain.name, store.clock.now());
  return store.transaction(async (tx) => {
    const id = newId('dom', tx.now);
    const source = { certificate_source: 'acme', certificate_scope: 'per_name' } as const;
    await insertDomain(tx, { id, created_at: tx.now, verified_at: tx.now, ...source, ...domain });
    await addSelfSigned(tx, id, made);
    await bumpSite(tx, domain.site_id, null);
    return id;
  });
}

/** Gives the site's container an HTTP service for each name. */
export async function insertNames(
  store: Store,
  site: SeededSite,
  domain_id: string,
  hosts: readonly string[],
): Promise<void> {
  await store.transaction(async (tx) => {
    const container_id = await containerOf(tx, site);
    const services = hosts.map((host) => ({
      id: newId('svc', tx.now),
      container_id,
      site_id: site.siteId,
      kind: 'http' as const,
      internal_port: 80,
      backend_tls: 0,
      created_at: tx.now,
      domain_id: null,
      options: null,
      external_port: null,
      names: [{ host, path: '/', domain_id }],
    }));
    await insertServices(tx, services);
    await bumpSite(tx, site.siteId, container_id);
  });
}

async function containerOf(tx: Tx, { siteId, nodeId, owner }: SeededSite): Promise<string> {
  const present = await tx.db.selectFrom('containers').select('id').executeTakeFirst();
  if (present) return present.id;
  const id = newId('ctr', tx.now);
  await tx.db
    .insertInto('containers')
    .values({
      id,
      site_id: siteId,
      node_id: nodeId,
      owner_id: owner.userId,
      hostname: 'web1',
      template: 'x',
      cores: 1,
      memory_mib: 512,
      disk_gib: 4,
      description: '',
      cluster: 'pve1',
      vmid: 100,
      mac: 'bc:24:11:00:00:01',
      address: '10.64.1.0',
      phase: 'ready',
      power: 'running',
      active_operation_id: null,
      created_at: tx.now,
      updated_at: tx.now,
    })
    .execute();
  return id;
}
