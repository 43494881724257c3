import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { create, type DescService } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import { CONTAINER_ROLES, policy, type Rpc, type Who } from '../auth/policy.ts';
import { containerRequest } from '../operations/testing/requests.ts';
import { apiServices } from './routes.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

const rpcs = apiServices.flatMap((service: DescService) =>
  service.methods.map((method) => ({ rpc: `${service.name}.${method.name}` as Rpc, service, method })),
);

let bench: ApiBench;
/** What a request refers to, by the name of its field; all of it belongs to the owner. */
let owned: { container: string; operation: string; service: string };

beforeAll(async () => {
  bench = await openApiBench();
  const client = await bench.client(ContainersService, bench.site.owner);
  const { container, operation } = await client.createContainer(containerRequest('web1'));
  const id = container?.id ?? '';
  const service = container?.services[0]?.id ?? '';
  owned = { container: id, operation: operation?.id ?? '', service };
});
afterAll(() => bench.close());

const ruled = (...who: Who[]) => rpcs.filter(({ rpc }) => who.includes(policy[rpc].who));

it.each(rpcs.filter(({ rpc }) => policy[rpc].who !== 'anyone'))('$rpc asks the anonymous to sign in', async (call) => {
  expect(await codeFor(call, undefined)).toBe(Code.Unauthenticated);
});

it.each(ruled('anyone'))('$rpc is open to anyone', async (call) => {
  // The others are refused for what they ask, not for who asks; a sign-in without a name is a bad request.
  expect(await codeFor(call, undefined)).not.toBe(Code.Unauthenticated);
});

it.each(ruled('administrator', 'site-administrator'))('$rpc is for administrators only', async (call) => {
  expect(await codeFor(call, bench.site.owner)).toBe(Code.PermissionDenied);
  expect(await codeFor(call, bench.site.administrator)).not.toBe(Code.PermissionDenied);
});

it.each(ruled(...CONTAINER_ROLES))('$rpc hides what belongs to others', async (call) => {
  expect(await codeFor(call, bench.site.stranger)).toBe(Code.NotFound);
});

type Call = (typeof rpcs)[number];

/** The code an RPC ends with for a caller, or undefined when it succeeds. */
async function codeFor({ rpc, service, method }: Call, caller: Caller | undefined): Promise<Code | undefined> {
  const client = (await bench.client(service, caller)) as Record<string, (request: unknown) => unknown>;
  try {
    const result = client[method.localName]?.(create(method.input, requestOf(rpc)));
    if (method.methodKind === 'server_streaming') for await (const _ of result as AsyncIterable<unknown>) break;
    else await result;
    return undefined;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

/** A request about what the owner has, right in every other way. */
function requestOf(rpc: Rpc): Record<string, unknown> {
  switch (rpc) {
    case 'ContainersService.UpdateContainer':
      return { container: { id: owned.container }, updateMask: { paths: ['cores'] } };
    case 'ServicesService.UpdateService':
      return { service: { id: owned.service, internalPort: 80 }, updateMask: { paths: ['internal_port'] } };
    case 'ServicesService.CreateService':
      return { ...owned, service: { internalPort: 80, exposure: { case: 'tcp', value: {} } } };
    default:
      return CONTAINER_ROLES.some((role) => role === policy[rpc].who) ? owned : {};
  }
}
