import { createHash } from 'node:crypto';
import { apiServices } from '@berth/control-plane/api/routes.ts';
import { type ApiBench, openApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { ensureSetupCode } from '@berth/control-plane/auth/setup-code.ts';
import { containerRequest } from '@berth/control-plane/operations/testing/requests.ts';
import { SYSADMINS } from '@berth/control-plane/store/built-in-groups.ts';
import { addGroupMember } from '@berth/control-plane/store/groups.ts';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import {
  type DescMessage,
  type DescMethod,
  type DescService,
  fromJson,
  type JsonObject,
  type JsonValue,
} from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedRequest } from './api-bad-input.access.ts';
import { seedDnsProvider } from './api-bad-input.dns.ts';
import { seedDomains } from './api-bad-input.domains.ts';
import { seedProvider } from './api-bad-input.oidc.ts';
import { seedCrew } from './api-bad-input.people.ts';
import { badInputs } from './api-bad-input.table.ts';

const rpcs = apiServices.flatMap((service: DescService) =>
  service.methods.map((method) => ({ rpc: `${service.name}.${method.name}` as Rpc, service, method })),
);

let bench: ApiBench;
const identifiers = new Map<string, string>();

beforeAll(async () => {
  bench = await openApiBench();
  bench.fleet.start();
  await bench.engine().start();
  const containers = await bench.client(ContainersService, bench.site.administrator);
  const { container, operation } = await containers.createContainer(containerRequest('web1'));
  await bench.ended(operation?.id ?? '');
  const sites = await bench.client(SitesService, bench.site.administrator);
  const empty = await sites.createSite({
    site: {
      name: 'empty',
      internalDomain: 'empty.internal',
      network: '10.90.0.0/24',
      rangeStart: '10.90.0.10',
      rangeEnd: '10.90.0.20',
      gateway: '10.90.0.1',
    },
  });
  identifiers
    .set('empty', empty.site?.id ?? '')
    .set('node', bench.site.nodeId)
    .set('nginx', bench.site.agents.nginx);
  identifiers.set('container', container?.id ?? '').set('operation', operation?.id ?? '');
  for (const { id, exposure } of container?.services ?? []) identifiers.set(exposure.case ?? '', id);
  identifiers.set('provider', await seedProvider(bench));
  identifiers.set('dns', await seedDnsProvider(bench));
  for (const seeded of [await seedCrew(bench), await seedRequest(bench), await seedDomains(bench)]) {
    for (const [name, value] of Object.entries(seeded)) identifiers.set(name, value);
  }
});
afterAll(() => bench.close());

describe.each(rpcs)('$rpc', ({ rpc, method, service }) => {
  const { good, bad, free = [] } = badInputs[rpc];

  it('has bad values for every field of its request', () => {
    expect([...Object.keys(bad), ...free].sort()).toEqual(leavesOf(method.input).sort());
  });

  it.each(Object.entries(bad))('refuses bad values of %s, naming it, and changes nothing', async (field, values) => {
    await prepare(rpc);
    const before = await fingerprint();
    for (const value of values) {
      const request = withValue(filled(good), field, filled(value));
      const error = await call(service, method, request);
      const shown = `${field} = ${JSON.stringify(value)?.slice(0, 60)}`;
      expect(error, shown).toBeInstanceOf(ConnectError);
      expect(error?.code, `${shown}: ${error?.message}`).not.toBe(Code.Internal);
      expect(violatedFields(error), `${shown}: ${error?.message}`).toContain(field.replaceAll('[]', ''));
    }
    expect(await fingerprint()).toBe(before);
  });
});

/** The first administrator can only be made while there is none. */
async function prepare(rpc: Rpc): Promise<void> {
  const first = rpc === 'AuthService.CreateFirstAdministrator';
  await bench.store.transaction(async (tx) => {
    await tx.db.deleteFrom('group_members').where('group_id', '=', SYSADMINS.id).execute();
    if (!first) await addGroupMember(tx, SYSADMINS.id, { userId: bench.site.administrator.userId });
  });
  if (first) identifiers.set('setup', (await ensureSetupCode(bench.store)) ?? '');
}

/** Every leaf field of a request, the messages of other packages counting as leaves. */
function leavesOf(message: DescMessage, path = '', seen: DescMessage[] = []): string[] {
  return message.fields.flatMap((field) => {
    const name = `${path}${field.name}${field.fieldKind === 'list' && field.message ? '[]' : ''}`;
    const inner = field.message;
    if (inner && isRead(inner) && !seen.includes(inner)) return leavesOf(inner, `${name}.`, [...seen, inner]);
    const scalarList = field.fieldKind === 'list' && field.listKind === 'scalar';
    return [scalarList ? `${path}${field.name}[]` : `${path}${field.name}`];
  });
}

/** Whether a request's message is looked into; conditions and the like only stand in answers. */
function isRead(message: DescMessage): boolean {
  const ours = message.typeName.startsWith('berth.api.v1.');
  return ours && !['Condition', 'PartState'].includes(message.name);
}

/** Calls an RPC generically. @returns its error, if it failed */
async function call(service: DescService, method: DescMethod, json: JsonObject): Promise<ConnectError | undefined> {
  const client = await bench.client(service, bench.site.administrator);
  const request = fromJson(method.input, json);
  try {
    const result = (client as Record<string, (request: unknown) => unknown>)[method.localName]?.(request);
    if (method.methodKind === 'server_streaming') for await (const _ of result as AsyncIterable<unknown>) break;
    else await result;
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}

function violatedFields(error: ConnectError | undefined): string[] {
  const details = error?.findDetails(ErrorDetailSchema) ?? [];
  return details.flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field.replaceAll(/\[\d+\]/g, '')));
}

/** Replaces `<name>` in every string of a value. */
function filled<T extends JsonValue>(value: T): T {
  const text = JSON.stringify(value).replaceAll(/<(\w+)>/g, (whole, name: string) => identifiers.get(name) ?? whole);
  return JSON.parse(text) as T;
}

/** Fields of which one at most is set. */
const ONEOFS = [
  ['http', 'tcp', 'udp'],
  ['user', 'group'],
  ['cloudflare', 'rfc2136', 'acme_dns', 'webhook', 'dnsmasq'],
];

/** A copy of a request with one field replaced; an element of a list stands alone in it. */
function withValue(request: JsonObject, path: string, value: JsonValue): JsonObject {
  const [head = '', ...rest] = path.split('.');
  const name = head.replace('[]', '');
  const copy = { ...request };
  const others = ONEOFS.find((names) => names.includes(name)) ?? [];
  for (const other of others) if (other !== name) delete copy[other];
  const old = copy[name];
  if (!head.endsWith('[]')) {
    copy[name] = rest.length === 0 ? value : withValue((old as JsonObject | undefined) ?? {}, rest.join('.'), value);
    return copy;
  }
  const first = (Array.isArray(old) ? old[0] : undefined) as JsonObject | undefined;
  copy[name] = [rest.length === 0 ? value : withValue(first ?? {}, rest.join('.'), value)];
  return copy;
}

/** When a session was last used, and wrong passwords, are noted, though nobody asked for it. */
const NOTED = ['sessions', 'rate_limits'];

/** A hash of every row of every table, but for what is only noted. */
async function fingerprint(): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select name from sqlite_master where type = 'table' order by name`.execute(bench.store.db);
  const hash = createHash('sha256');
  for (const { name } of tables) {
    if (NOTED.includes(name)) continue;
    const noted = name === 'audit' ? sql`where action <> 'session.refused'` : sql``;
    const { rows } = await sql`select * from ${sql.table(name)} ${noted}`.execute(bench.store.db);
    hash.update(name).update(JSON.stringify(rows, (_, value) => (value instanceof Uint8Array ? [...value] : value)));
  }
  return hash.digest('hex');
}
