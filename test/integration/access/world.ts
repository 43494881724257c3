/** What the access matrix walks over: two containers, two sites, and everybody of `people.ts`, each with a session. */
import { apiServices } from '@berth/control-plane/api/routes.ts';
import { type ApiBench, openApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import { hashPassword } from '@berth/control-plane/auth/password.ts';
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { openSession } from '@berth/control-plane/auth/sessions.ts';
import { containerRequest } from '@berth/control-plane/operations/testing/requests.ts';
import { type Container, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { NodesService } from '@berth/proto/api/v1/nodes_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { seedDnsProvider } from '../api-bad-input.dns.ts';
import { seedDomains } from '../api-bad-input.domains.ts';
import { seedProvider } from '../api-bad-input.oidc.ts';
import { seedCrew } from '../api-bad-input.people.ts';
import { bearers, seedBearer } from './bearers.ts';
import { PASSWORD, type Person, people, seedPerson } from './people.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

/** One RPC of the API. */
export interface Call {
  rpc: Rpc;
  service: DescService;
  method: DescMethod;
}

/** Every RPC there is, as the API itself lists them. */
export const calls: readonly Call[] = apiServices.flatMap((service: DescService) =>
  service.methods.map((method) => ({ rpc: `${service.name}.${method.name}` as Rpc, service, method })),
);

/** The world as every call finds it. */
export interface World {
  bench: ApiBench;
  /** What `<name>` stands for in requests. */
  identifiers: ReadonlyMap<string, string>;
  /** Session tokens by login name. */
  sessions: ReadonlyMap<string, string>;
  /** API tokens by title. */
  tokens: ReadonlyMap<string, string>;
  snapshot: Snapshot;
}

/** Builds the world: everything is there before its snapshot is taken. */
export async function openWorld(): Promise<World> {
  const bench = await openApiBench();
  bench.fleet.start();
  const engine = bench.engine();
  await engine.start();
  const { container, operation } = await makeContainer(bench, 'web1');
  const other = await makeContainer(bench, 'other');
  const empty = await makeSite(bench);
  // From here on operations are only begun, so that each call leaves what it did and nothing that goes on by itself.
  await engine.stop();
  const identifiers = new Map([
    ['container', container.id],
    ['other', other.container.id],
    ['operation', operation],
    ['node', bench.site.nodeId],
    ['spare', await makeNode(bench)],
    ['nginx', bench.site.agents.nginx],
    ['provider', await seedProvider(bench)],
    ['dns', await seedDnsProvider(bench)],
    ['site', bench.site.siteId],
    ['empty', empty],
    ...container.services.map(({ id, exposure }): [string, string] => [exposure.case ?? '', id]),
    ...people.map(({ username }): [string, string] => [username, userIdOf(bench, username)]),
    ...Object.entries(await seedCrew(bench)),
    ...Object.entries(await seedDomains(bench)),
    ['password', PASSWORD],
  ]);
  const sessions = await seedPeople(bench, { container: container.id, sites: { lab: bench.site.siteId, empty } });
  const tokens = new Map<string, string>();
  for (const bearer of bearers) {
    tokens.set(bearer.title, await bench.store.transaction((tx) => seedBearer(tx, bearer, identifiers)));
  }
  return { bench, identifiers, sessions, tokens, snapshot: await takeSnapshot(bench.store) };
}

async function makeContainer(bench: ApiBench, hostname: string): Promise<{ container: Container; operation: string }> {
  const client = await bench.client(ContainersService, bench.site.owner);
  const { container, operation } = await client.createContainer(containerRequest(hostname));
  if (!container || !operation) throw new Error('no container');
  await bench.ended(operation.id);
  return { container, operation: operation.id };
}

async function makeNode(bench: ApiBench): Promise<string> {
  const client = await bench.client(NodesService, bench.site.administrator);
  const { node } = await client.createNode({
    node: {
      site: 'lab',
      name: 'spare',
      apiUrl: 'https://10.65.0.3:8006',
      tokenId: 'berth@pve!agent',
      tokenSecret: '01234567-89ab-cdef-0123-456789abcdef',
    },
  });
  return node?.id ?? '';
}

async function makeSite(bench: ApiBench): Promise<string> {
  const client = await bench.client(SitesService, bench.site.administrator);
  const { site } = await client.createSite({
    site: {
      name: 'empty',
      internalDomain: 'empty.internal',
      network: '10.90.0.0/24',
      rangeStart: '10.90.0.10',
      rangeEnd: '10.90.0.20',
      gateway: '10.90.0.1',
    },
  });
  return site?.id ?? '';
}

async function seedPeople(
  { store }: ApiBench,
  on: { container: string; sites: Record<string, string> },
): Promise<Map<string, string>> {
  const sessions = new Map<string, string>();
  for (const person of people) {
    if (person.username === '') continue;
    const { token } = await store.transaction(async (tx) => {
      const userId = await seedPerson(tx, person, on);
      return openSession(tx, userId, { userAgent: 'test', address: '192.0.2.1' });
    });
    sessions.set(person.username, token);
  }
  const password_hash = await hashPassword(PASSWORD);
  await store.db.updateTable('users').set({ password_hash }).execute();
  return sessions;
}

function userIdOf({ site }: ApiBench, username: string): string {
  const known = [site.administrator, site.owner, site.stranger].find((caller) => caller.username === username);
  return known?.userId ?? `usr-${username}`;
}

/** The token with which a person calls; empty for nobody. */
export function tokenOf({ sessions }: World, { username }: Person): string {
  return sessions.get(username) ?? '';
}
