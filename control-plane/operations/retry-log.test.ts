import { afterEach, expect, it } from 'vitest';
import { createContainerVerb } from '../app/containers/create.ts';
import { AppError } from '../errors.ts';
import { RetryLog } from './retry-log.ts';
import type { Saga } from './saga.ts';
import { sagas } from './sagas.ts';
import { type Bench, openBench } from './testing/bench.ts';
import { containerRequest } from './testing/requests.ts';

let bench: Bench;
afterEach(() => bench?.close());

it('writes a reason when it is new, and how often it held', () => {
  const log = new RetryLog();
  const lines = ['away', 'away', 'away', 'busy', 'away', 'away'].flatMap((reason) => log.again(reason));
  expect([...lines, ...log.end(), ...log.end()]).toEqual([
    'Trying again: away',
    'Tried 2 more times for the same reason.',
    'Trying again: busy',
    'Trying again: away',
    'Tried 1 more time for the same reason.',
  ]);
});

it('keeps the log of an operation short while a host is away, and tells every try in the step', async () => {
  bench = await openBench();
  bench.fleet.start();
  let failures = 40;
  const away: Saga[] = sagas.map((saga) => ({
    ...saga,
    steps: saga.steps.map((step) => {
      if (step.name !== 'start-guest') return step;
      const fail = async () => {
        throw new AppError('unavailable', { reason: 'host_unavailable', message: 'pve1 does not answer' });
      };
      return { ...step, retry: 'forEver', do: (context) => (failures-- > 0 ? fail() : step.do(context)) };
    }),
  }));
  await bench.engine({ sagas: away }).start();
  const { operation } = (await createContainerVerb(bench.deps, bench.site.owner, containerRequest('web1'))).outcome;
  expect(await bench.ended(operation)).toMatchObject({ state: 'succeeded' });
  const lines = await bench.store.db
    .selectFrom('operation_logs')
    .select('text')
    .where('operation_id', '=', operation)
    .where('step', '=', 'start-guest')
    .orderBy('seq')
    .execute();
  expect(lines.map(({ text }) => text)).toEqual([
    'Trying again: pve1 does not answer',
    'Tried 39 more times for the same reason.',
  ]);
  const step = await bench.store.db
    .selectFrom('operation_steps')
    .selectAll()
    .where('operation_id', '=', operation)
    .where('name', '=', 'start-guest')
    .executeTakeFirstOrThrow();
  expect(step).toMatchObject({ state: 'done', attempts: 41 });
});
