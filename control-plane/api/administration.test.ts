import { AgentRole, AgentState, AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { NodesService } from '@berth/proto/api/v1/nodes_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerRequest } from '../operations/testing/requests.ts';
import { noteCondition } from '../store/conditions.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

const SITE = {
  name: 'east',
  internalDomain: 'east.internal',
  network: '10.80.0.0/24',
  rangeStart: '10.80.0.10',
  rangeEnd: '10.80.0.200',
  gateway: '10.80.0.1',
  externalDomains: ['apps.east'],
};

const NODE = {
  name: 'pve9',
  apiUrl: 'https://10.65.0.9:8006/',
  tokenId: 'berth@pve!agent',
  tokenSecret: '01234567-89ab-cdef-0123-456789abcdef',
  schedulable: true,
};

describe('administration over the API', () => {
  let bench: ApiBench;
  beforeEach(async () => {
    bench = await openApiBench();
  });
  afterEach(() => bench.close());

  const sites = () => bench.client(SitesService, bench.site.administrator);
  const nodes = () => bench.client(NodesService, bench.site.administrator);
  const agents = () => bench.client(AgentsService, bench.site.administrator);

  it('makes, changes, lists and removes a site', async () => {
    const client = await sites();
    const request = { site: SITE, idempotencyKey: 'k' };
    const [{ site }, again] = await Promise.all([client.createSite(request), client.createSite(request)]);
    expect(again.site?.id).toBe(site?.id);
    expect(site).toMatchObject({ portRangeStart: 2000, portRangeEnd: 32767, externalDomains: ['apps.east'] });
    const changed = await client.updateSite({
      site: {
        id: site?.id ?? '',
        name: 'ignored',
        forwarders: ['10.80.0.3'],
        externalDomains: ['apps.east', 'x.east'],
      },
      updateMask: { paths: ['forwarders', 'external_domains'] },
    });
    expect(changed.site).toMatchObject({
      name: 'east',
      forwarders: ['10.80.0.3'],
      externalDomains: ['apps.east', 'x.east'],
    });
    expect(changed.site?.revision).toBeGreaterThan(site?.revision ?? 0n);
    const first = await client.listSites({ pageSize: 1 });
    const second = await client.listSites({ pageSize: 1, pageToken: first.nextPageToken });
    expect([first, second].map((page) => page.sites.map(({ name }) => name))).toEqual([['east'], ['lab']]);
    await client.deleteSite({ site: 'east' });
    await expect(client.getSite({ site: 'east' })).rejects.toMatchObject({ code: Code.NotFound });
  });

  it('gives every domain a certificate whose key is sealed', async () => {
    await (await sites()).createSite({ site: SITE });
    const [row] = await bench.store.db.selectFrom('certificates').selectAll().execute();
    expect(JSON.parse(row?.dns_names ?? '')).toEqual(['apps.east', '*.apps.east']);
    expect(Buffer.from(row?.key_box ?? []).toString('latin1')).not.toContain('PRIVATE KEY');
  });

  it('does not pull away what containers stand on', async () => {
    const containers = await bench.client(ContainersService, bench.site.owner);
    await containers.createContainer(containerRequest('web1'));
    const client = await sites();
    const update = (site: object, path: string) =>
      client.updateSite({ site: { id: bench.site.siteId, ...site }, updateMask: { paths: [path] } });
    await expect(update({ internalDomain: 'new.internal' }, 'internal_domain')).rejects.toThrow(/containers/);
    await expect(update({ rangeStart: '10.64.2.0' }, 'range_start')).rejects.toThrow(/web1/);
    await expect(update({ externalDomains: [] }, 'external_domains')).rejects.toThrow(/web1\.apps\.lab/);
    await expect(client.deleteSite({ site: 'lab' })).rejects.toThrow(/containers/);
    await expect((await nodes()).deleteNode({ node: 'lab/pve1' })).rejects.toThrow(/containers/);
  });

  it('shows on a node what its token lacks, as its agent said', async () => {
    const client = await nodes();
    const [agent] = await bench.store.db.selectFrom('agents').selectAll().execute();
    const message = 'The token lacks SDN.Use.\npveum role add …';
    const finding = { kind: 'node_rights', severity: 'error' as const, subject: 'pve1', message };
    await bench.store.transaction((tx) => noteCondition(tx, agent?.site_id ?? '', agent?.id ?? '', finding));
    const { node } = await client.getNode({ node: 'lab/pve1' });
    expect(node?.conditions).toMatchObject([{ kind: 'node_rights', subject: 'pve1', message }]);
  });

  it('never shows a node its secret again, in answers or in the audit', async () => {
    const client = await nodes();
    const { node } = await client.createNode({ node: { ...NODE, site: 'lab' } });
    expect(node).toMatchObject({ cluster: 'pve9', apiUrl: 'https://10.65.0.9:8006', bridge: 'vmbr0', tokenSecret: '' });
    await client.updateNode({
      node: { id: node?.id ?? '', tokenSecret: 'ffffffff-89ab-cdef-0123-456789abcdef', schedulable: false },
      updateMask: { paths: ['token_secret', 'schedulable'] },
    });
    const shown = await client.getNode({ node: 'lab/pve9' });
    expect(shown.node).toMatchObject({ tokenSecret: '', schedulable: false });
    const audit = JSON.stringify(await bench.store.db.selectFrom('audit').selectAll().execute());
    expect(audit).not.toContain('89ab-cdef');
    await client.deleteNode({ node: 'lab/pve9' });
    expect((await client.listNodes({ site: 'lab' })).nodes.map(({ name }) => name)).toEqual(['pve1']);
  });

  it('invites agents with a token that is shown once, and revokes them', async () => {
    const client = await agents();
    const request = { site: 'lab', roles: [AgentRole.NGINX, AgentRole.DNSMASQ], idempotencyKey: 'k' };
    const made = await client.createJoinToken(request);
    expect(made.command).toBe(
      `berth-agent enroll --server https://berth.example:8443 --token ${made.token} --ca-sha256 ${made.caSha256} --roles nginx,dnsmasq`,
    );
    expect(await client.createJoinToken(request)).toMatchObject({ token: '', command: '', expiresAt: made.expiresAt });
    await client.deleteAgent({ agent: bench.site.agents.nginx });
    const { agent } = await client.getAgent({ agent: bench.site.agents.nginx });
    expect(agent?.state).toBe(AgentState.REVOKED);
    const containers = await bench.client(ContainersService, bench.site.owner);
    await expect(containers.createContainer(containerRequest('web1'))).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: expect.stringContaining('no nginx agent'),
    });
  });
});
