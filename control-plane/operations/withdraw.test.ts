import { DeleteContainerRequestSchema } from '@berth/proto/api/v1/containers_pb.js';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createContainerVerb } from '../app/containers/create.ts';
import { deleteContainerVerb } from '../app/containers/delete.ts';
import { type Bench, openBench } from './testing/bench.ts';
import { containerRequest } from './testing/requests.ts';

let bench: Bench;
let container: string;

beforeEach(async () => {
  bench = await openBench();
  bench.fleet.start();
  await bench.engine().start();
  const { outcome } = await createContainerVerb(bench.deps, bench.site.owner, containerRequest('web1'));
  container = outcome.container;
  await bench.ended(outcome.operation);
});
afterEach(() => bench.close());

const remove = () =>
  deleteContainerVerb(bench.deps, bench.site.owner, create(DeleteContainerRequestSchema, { container }));
const stepOf = async (operation: string, name: string) =>
  (
    await bench.store.db
      .selectFrom('operation_steps')
      .selectAll()
      .where('operation_id', '=', operation)
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
  ).state;

it('needs no agent to take anything down that a revision took nothing from', async () => {
  bench.fleet.unconcerned.add('nginx1').add('dnsmasq1');
  const began = bench.clock.now();
  expect(await bench.ended(await remove())).toMatchObject({ state: 'succeeded' });
  expect(bench.clock.now() - began).toBeLessThan(1_000);
});

it('waits for as long as it takes while it is not known what an agent must hold', async () => {
  bench.fleet.silent.add('nginx1');
  const operation = await remove();
  await bench.clock.advance(60_000);
  expect(await stepOf(operation, 'withdraw-routes')).toBe('running');
  bench.fleet.silent.clear();
  bench.fleet.script(() => undefined);
  expect(await bench.ended(operation)).toMatchObject({ state: 'succeeded' });
});
