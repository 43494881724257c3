import { randomBytes } from 'node:crypto';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { insertAgent, revokeAgent } from '../store/agents.ts';
import { insertCertificate } from '../store/certificates.ts';
import { deleteContainer, insertContainer } from '../store/containers.ts';
import { insertDomain } from '../store/domains.ts';
import { openStore } from '../store/open.ts';
import { sampleContainer, seedSite } from '../store/sample-rows.ts';
import { insertServices } from '../store/services.ts';
import { bumpSite, pruneSiteChanges } from '../store/site-changes.ts';
import { updateSite } from '../store/sites.ts';
import type { Store, Tx } from '../store/store.ts';
import { HeldAgent } from './held-agent.ts';
import type { SiteView } from './site-view.ts';
import { createSiteViews, openSiteView } from './site-views.ts';

const SITE = 'sit-1';

describeEachDialect('site view on the store', (create) => {
  let store: Store;
  let agentId: string;
  let agent: HeldAgent;
  let view: SiteView;

  beforeEach(async () => {
    store = await openStore({ url: (await create()).url, masterKey: randomBytes(32) });
    await seedSite(store);
    agentId = await store.transaction(async (tx) => {
      await bumpSite(tx, SITE, null);
      await insertDomain(tx, { id: 'dom-1', site_id: SITE, name: 'apps.lab', created_at: 1, verified_at: 1 });
      await addCertificate(tx, 'crt-1');
      return addAgent(tx, 'one');
    });
    agent = new HeldAgent(agentId, ['nginx', 'dnsmasq', 'proxmox']);
    view = await openSiteView(store, SITE);
  });
  afterEach(() => store.close());

  function addAgent(tx: Tx, name: string): Promise<string> {
    const certificate = { serial: '01', expiresAt: 1 };
    const roles = ['nginx', 'dnsmasq', 'proxmox'] as const;
    return insertAgent(tx, { siteId: SITE, name, roles, machineId: name }, certificate);
  }

  function addCertificate(tx: Tx, id: string): Promise<void> {
    const text = { dns_names: '["apps.lab","*.apps.lab"]', chain_pem: `chain of ${id}`, key_pem: `key of ${id}` };
    const times = { not_before: 1, not_after: 2, created_at: 1 };
    return insertCertificate(tx, store.secrets, { id, domain_id: 'dom-1', self_signed: 1, ...text, ...times });
  }

  async function addContainer(n: number): Promise<void> {
    await store.transaction(async (tx) => {
      const container = sampleContainer(n);
      await bumpSite(tx, SITE, container.id);
      await insertContainer(tx, container);
      const service = { container_id: container.id, site_id: SITE, backend_tls: 0, created_at: 1 };
      const http = {
        kind: 'http' as const,
        internal_port: 80,
        names: [{ host: `web${n}.apps.lab`, path: '/', domain_id: 'dom-1' }],
      };
      const tcp = { kind: 'tcp' as const, internal_port: 22, names: [] };
      await insertServices(tx, [
        { ...service, ...http, id: `svc-${n}-a`, external_port: null },
        { ...service, ...tcp, id: `svc-${n}-b`, external_port: 2_000 + n },
      ]);
    });
  }

  /** Follows the view, and checks that a view opened just now would lead to the same. */
  async function follow() {
    await view.refresh();
    const delta = agent.follow(view.forAgent(agent));
    const fresh = new HeldAgent(agent.id, agent.roles);
    fresh.follow((await openSiteView(store, SITE)).forAgent(agent));
    expect(agent.versions()).toEqual(fresh.versions());
    return delta;
  }

  const changed = async () => {
    const { upserts, removals } = await follow();
    return {
      upserts: upserts.map((resource) => `${resource.body.case}/${resource.name}`).sort(),
      removals: removals.map(({ kind, name }) => `${kind}/${name}`).sort(),
    };
  };

  it('holds zone, domain, certificate and node, secrets in the clear', async () => {
    await follow();
    const site = ['certificate/apps.lab', 'domain/apps.lab', 'ingress/ingress', 'pveNode/pve-1', 'zone/zone'];
    expect([...agent.held.resources.keys()].sort()).toEqual(site);
    const bodies = [...agent.held.resources.values()].map(({ body }) => body.value);
    expect(bodies).toContainEqual(expect.objectContaining({ keyPem: 'key of crt-1', chainPem: 'chain of crt-1' }));
    expect(bodies).toContainEqual(expect.objectContaining({ tokenSecret: 'secret', node: 'pve-1' }));
  });

  it('follows a container through its life', async () => {
    await follow();
    await addContainer(1);
    const id = 'ctr-000001';
    const names = [`guest/${id}`, `nameRecord/${id}`, `reservation/${id}`];
    const routes = [`httpRoute/${id}/svc-1-a`, `streamRoute/${id}/svc-1-b`];
    expect(await changed()).toEqual({ upserts: [...names, ...routes].sort(), removals: [] });
    await store.transaction(async (tx) => {
      await bumpSite(tx, SITE, id);
      await tx.db.updateTable('containers').set({ phase: 'deleting' }).where('id', '=', id).execute();
    });
    expect(await changed()).toEqual({ upserts: [], removals: routes });
    await store.transaction(async (tx) => {
      await bumpSite(tx, SITE, id);
      await deleteContainer(tx, id);
    });
    expect(await changed()).toEqual({ upserts: [], removals: names });
  });

  it('follows the newest certificate of a domain', async () => {
    await follow();
    await store.transaction(async (tx) => {
      await bumpSite(tx, SITE, null);
      await addCertificate(tx, 'crt-2');
    });
    expect(await changed()).toEqual({ upserts: ['certificate/apps.lab'], removals: [] });
  });

  it('follows a change of the internal domain to every name', async () => {
    await addContainer(1);
    await addContainer(2);
    await follow();
    await store.transaction(async (tx) => {
      await bumpSite(tx, SITE, null);
      await updateSite(tx, SITE, { internal_domain: 'else.internal' });
    });
    const upserts = ['nameRecord/ctr-000001', 'nameRecord/ctr-000002', 'zone/zone'];
    expect(await changed()).toEqual({ upserts, removals: [] });
  });

  it('gives the nodes to the next agent when theirs is revoked', async () => {
    await addContainer(1);
    const next = await store.transaction(async (tx) => {
      await bumpSite(tx, SITE, null);
      return addAgent(tx, 'two');
    });
    await follow();
    await store.transaction(async (tx) => {
      await bumpSite(tx, SITE, null);
      await revokeAgent(tx, agentId);
    });
    expect(await changed()).toEqual({ upserts: [], removals: ['guest/ctr-000001', 'pveNode/pve-1'] });
    const kinds = [...view.forAgent({ id: next, roles: ['proxmox'] }).resources()].map(({ body }) => body.case);
    expect(kinds).toEqual(['pveNode', 'guest']);
  });

  it('reads the whole site when the changes since its last look are gone', async () => {
    await follow();
    await addContainer(1);
    await addContainer(2);
    await store.transaction((tx) => pruneSiteChanges(tx, SITE, 2));
    expect((await changed()).upserts).toHaveLength(10);
  });

  it('shows what was committed before, never half of a transaction, while many write', async () => {
    await follow();
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        await addContainer(n + 1);
        await view.refresh();
        const names = [...view.audience('dnsmasq').resources()].map((resource) => resource.containerId);
        expect(names).toContain(sampleContainer(n + 1).id);
      }),
    );
    expect((await changed()).upserts).toHaveLength(100);
    expect(view.forAgent(agent).generation).toBe(view.revision);
  });

  it('shares one view a site, and says when there is no such site', async () => {
    const views = createSiteViews(store);
    expect(await views.of(SITE)).toBe(await views.of(SITE));
    await expect(views.of('sit-none')).rejects.toMatchObject({ reason: 'site_not_found' });
    const before = await views.of(SITE);
    views.drop(SITE);
    expect(await views.of(SITE)).not.toBe(before);
  });
});
