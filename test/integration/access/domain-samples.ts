/** What the access matrix asks about domains: those of `apps.lab`, which is everybody's at its site. */
import { newId } from '@berth/control-plane/ids.ts';
import { insertGrant } from '@berth/control-plane/store/domain-grants.ts';
import { insertDomain } from '@berth/control-plane/store/domains.ts';
import type { DomainRpc } from '../api-bad-input.domains.ts';
import type { Sample } from './sample-requests.table.ts';
import type { World } from './world.ts';

/** Lets people bring domains to the site. */
async function allowCustom({ bench }: World): Promise<Record<string, string>> {
  await bench.store.db.updateTable('sites').set({ custom_domains: 1 }).execute();
  return {};
}

/** A domain under which nothing is served. */
async function putUnused({ bench: { store, site } }: World): Promise<Record<string, string>> {
  const unused = await store.transaction(async (tx) => {
    const id = newId('dom', tx.now);
    await insertDomain(tx, { id, site_id: site.siteId, name: 'unused.lab', created_at: tx.now, verified_at: tx.now });
    return id;
  });
  return { unused };
}

/** Gives apps.lab to sam. */
async function putGrant({ bench: { store }, identifiers }: World): Promise<Record<string, string>> {
  const userId = identifiers.get('sam') ?? '';
  await store.transaction((tx) => insertGrant(tx, identifiers.get('domain') ?? '', { userId }));
  return {};
}

/** The rows of these RPCs. */
export const domainSamples: Partial<Record<DomainRpc, Sample>> = {
  'DomainsService.CreateDomain': {
    request: { domain: { site: 'lab', name: 'brought.example.org' }, custom: true },
    prepare: allowCustom,
  },
  'DomainsService.UpdateDomain': {
    request: { domain: { id: '<domain>', hstsMaxAgeSeconds: 60 }, updateMask: 'hstsMaxAgeSeconds' },
  },
  'DomainsService.DeleteDomain': { request: { domain: '<unused>' }, prepare: putUnused },
  'DomainsService.VerifyDomain': { audit: { rows: 0, because: 'it is proven already' } },
  'DomainsService.GrantDomain': { request: { domain: 'apps.lab', grant: { user: 'sam' } } },
  'DomainsService.WithdrawDomain': { request: { domain: 'apps.lab', grant: { user: 'sam' } }, prepare: putGrant },
  'DomainsService.RevokeCertificate': { reason: 'certificate_not_ordered' },
};
