// Many certificates at once, with the control plane killed among them: none is lost and none ordered twice.
import { type Domain, DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { type Client, createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabAuthority, startLabAuthority } from '../lab/certificate-authority.ts';
import { createLocalLab, type LocalLab } from '../lab/local-lab.ts';
import { waitFor } from '../support/wait-for.ts';
import { acmeDomain, containerWith } from './support/certificates.ts';

let lab: LocalLab;
let authority: LabAuthority;

beforeAll(async () => {
  lab = await createLocalLab();
  authority = await startLabAuthority(lab);
});

afterAll(async () => {
  await authority?.destroy();
  await lab?.destroy();
});

const MANY = 40;
test('domains get their certificates, none lost and none ordered twice, though the control plane is killed again and again', async () => {
  const names = Array.from({ length: MANY }, (_, i) => `d${i}.example`);
  for (let at = 0; at < MANY; at += 10) {
    await Promise.all(names.slice(at, at + 10).map((name) => acmeDomain(lab, authority, name)));
  }
  const hosts = names.map((name) => `www.${name}`);
  await containerWith(lab, 'many', hosts);
  for (const seen of [5, 15, 25]) {
    await waitFor(() => authority.proxy.orders.length >= seen, { timeoutMs: 60_000, what: `${seen} orders` });
    await lab.controlPlane.stop('SIGKILL');
    await lab.controlPlane.start();
  }
  const client = createClient(DomainsService, lab.api.transport);
  await waitFor(
    async () => {
      const all = await everyDomain(client);
      const valid = all.filter(({ name, certificates }) => names.includes(name) && certificates?.valid === 1);
      return valid.length === MANY;
    },
    { timeoutMs: 150_000, intervalMs: 1_000, what: 'all certificates' },
  );
  const ordered = authority.proxy.orders.map((order) => order.names[0] ?? '').filter((name) => hosts.includes(name));
  expect(ordered.toSorted()).toEqual(hosts.toSorted());
}, 300_000);

async function everyDomain(client: Client<typeof DomainsService>): Promise<Domain[]> {
  const all: Domain[] = [];
  let pageToken = '';
  do {
    const page = await client.listDomains({ site: lab.site.id, pageSize: 200, pageToken });
    all.push(...page.domains);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}
