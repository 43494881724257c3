import {
  DeleteContainerRequestSchema,
  StartContainerRequestSchema,
  StopContainerRequestSchema,
  UpdateContainerRequestSchema,
} from '@berth/proto/api/v1/containers_pb.js';
import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import { createContainerVerb } from '../app/containers/create.ts';
import { deleteContainerVerb } from '../app/containers/delete.ts';
import { startContainerVerb, stopContainerVerb } from '../app/containers/power.ts';
import { updateContainerVerb } from '../app/containers/update.ts';
import { AppError } from '../errors.ts';
import { configureContainer } from './configure-container.ts';
import { createContainer } from './create-container.ts';
import { deleteContainer } from './delete-container.ts';
import { startContainer, stopContainer } from './power-container.ts';
import type { Saga, Step } from './saga.ts';
import { sagas } from './sagas.ts';
import { type Bench, openBench } from './testing/bench.ts';
import { containerRequest } from './testing/requests.ts';

/** The laws every saga obeys, whatever it does. */
interface Case {
  saga: Saga;
  /** Begins the operation on a bench. @returns its identifier */
  begin(bench: Bench): Promise<string>;
  /** What must hold when it succeeded, and when it failed. */
  succeeded(bench: Bench): Promise<void>;
  failed(bench: Bench): Promise<void>;
}

let bench: Bench;
afterEach(() => bench.close());

const cases: Case[] = [
  { saga: createContainer, begin: beginCreate, succeeded: oneRunning, failed: nothingLeft },
  {
    saga: deleteContainer,
    begin: async (on) => {
      const container = await readyContainer(on);
      return deleteContainerVerb(on.deps, on.site.owner, create(DeleteContainerRequestSchema, { container }));
    },
    succeeded: nothingLeft,
    failed: nothingLeft,
  },
  {
    saga: stopContainer,
    begin: async (on) => {
      const container = await readyContainer(on);
      return stopContainerVerb(on.deps, on.site.owner, create(StopContainerRequestSchema, { container }));
    },
    succeeded: (on) => power(on, 'stopped'),
    failed: (on) => wanted(on, 'running'),
  },
  {
    saga: startContainer,
    begin: async (on) => {
      const container = await readyContainer(on);
      const engine = on.engine();
      await engine.start();
      const stop = create(StopContainerRequestSchema, { container });
      await on.ended(await stopContainerVerb(on.deps, on.site.owner, stop));
      await engine.stop();
      return startContainerVerb(on.deps, on.site.owner, create(StartContainerRequestSchema, { container }));
    },
    succeeded: (on) => power(on, 'running'),
    failed: (on) => wanted(on, 'stopped'),
  },
  {
    saga: configureContainer,
    begin: async (on) => {
      const request = create(UpdateContainerRequestSchema, {
        container: { id: await readyContainer(on), cores: 7 },
        updateMask: { paths: ['cores'] },
      });
      return (await updateContainerVerb(on.deps, on.site.owner, request)).operation ?? '';
    },
    succeeded: (on) => cores(on, 7),
    failed: (on) => cores(on, 4),
  },
];

describe.each(cases)('$saga.kind', ({ saga, begin, succeeded, failed }) => {
  const forEver = saga.steps.every(({ retry }) => retry === 'forEver');

  it('is finished by another engine after a crash at any write', async () => {
    await crashAtEveryWrite(begin, sagas, 'succeeded', succeeded);
  });

  it.each(saga.steps.map(({ name }) => name))('survives a failure before and after %s', async (name) => {
    for (const moment of ['before', 'after'] as const) {
      await open();
      const operation = await begin(bench);
      await bench.engine({ sagas: withStep(name, (step) => ({ ...step, do: failing(step, moment) })) }).start();
      const ended = await bench.ended(operation);
      const verbDidIt = saga === createContainer && name === 'reserve';
      if (forEver || verbDidIt) expect(ended.state).toBe('succeeded');
      else expect(ended).toMatchObject({ state: 'failed', error: 'made to fail' });
      await (ended.state === 'failed' ? failed(bench) : succeeded(bench));
      if (moment === 'before') await bench.close();
    }
  });

  it('comes to the same when each step is done twice', async () => {
    await open();
    const operation = await begin(bench);
    const twice = sagas.map((one) => ({ ...one, steps: one.steps.map((step) => ({ ...step, do: twiceOf(step.do) })) }));
    await bench.engine({ sagas: twice }).start();
    expect(await bench.ended(operation)).toMatchObject({ state: 'succeeded' });
    await succeeded(bench);
  });
});

describe.each(cases.filter(({ saga }) => saga !== deleteContainer))(
  '$saga.kind, failing',
  ({ saga, begin, failed }) => {
    const lastFails = (): Saga[] => {
      const last = saga.steps.at(-1)?.name ?? '';
      return withStep(last, (step) => ({ ...step, do: failing(step, 'after') }));
    };

    it('is unwound by another engine after a crash at any write', async () => {
      await crashAtEveryWrite(begin, lastFails(), 'failed', failed);
    });

    it('comes to the same when each undo fails once and is then done twice', async () => {
      await open();
      const operation = await begin(bench);
      const stubborn = lastFails().map((one) => ({
        ...one,
        steps: one.steps.map((step) => (step.undo ? { ...step, undo: stubbornOf(step.undo) } : step)),
      }));
      await bench.engine({ sagas: stubborn }).start();
      expect(await bench.ended(operation)).toMatchObject({ state: 'failed' });
      await failed(bench);
    });
  },
);

/** Kills the engine after its first write, then after its second …, until an operation needs no more of them. */
async function crashAtEveryWrite(
  begin: Case['begin'],
  running: readonly Saga[],
  state: 'succeeded' | 'failed',
  holds: (on: Bench) => Promise<void>,
): Promise<void> {
  for (let crashAt = 1; ; crashAt++) {
    await open();
    const operation = await begin(bench);
    let writes = 0;
    const crashed = () => writes >= crashAt;
    const first = bench.engine({
      sagas: running,
      onTransition: () => {
        writes++;
        if (crashed()) throw new Error('crash');
      },
    });
    await first.start();
    await bench.until('the crash', async () => crashed() || (await bench.finished(operation)));
    await first.stop();
    await bench.engine({ sagas: running }).start();
    expect(await bench.ended(operation), `crash at write ${crashAt}`).toMatchObject({ state });
    await holds(bench);
    if (!crashed()) break;
    await bench.close();
  }
}

async function open(): Promise<void> {
  bench = await openBench();
  bench.fleet.start();
}

function withStep(name: string, change: (step: Step) => Step): Saga[] {
  return sagas.map((saga) => ({
    ...saga,
    steps: saga.steps.map((step) => (step.name === name ? change(step) : step)),
  }));
}

/** Fails for good, or once where the saga never gives up. */
function failing(step: Step, moment: 'before' | 'after'): Step['do'] {
  let failures = step.retry === 'forEver' ? 1 : Number.POSITIVE_INFINITY;
  return async (context) => {
    const fails = failures-- > 0;
    if (!fails || moment === 'after') await step.do(context);
    if (fails) throw new AppError('failed_precondition', { reason: 'made_to_fail', message: 'made to fail' });
  };
}

function twiceOf(run: Step['do']): Step['do'] {
  return async (context) => {
    await run(context);
    await run(context);
  };
}

function stubbornOf(undo: Step['do']): Step['do'] {
  let failed = false;
  return async (context) => {
    if (!failed) {
      failed = true;
      throw new AppError('unavailable', { reason: 'made_to_fail', message: 'not now' });
    }
    await twiceOf(undo)(context);
  };
}

async function beginCreate(on: Bench): Promise<string> {
  return (await createContainerVerb(on.deps, on.site.owner, containerRequest('web1'))).outcome.operation;
}

/** A container made by an engine that is gone again. */
async function readyContainer(on: Bench): Promise<string> {
  const engine = on.engine();
  await engine.start();
  const { outcome } = await createContainerVerb(on.deps, on.site.owner, containerRequest('web1'));
  await on.ended(outcome.operation);
  await engine.stop();
  return outcome.container;
}

async function oneRunning(on: Bench): Promise<void> {
  const rows = await on.store.db.selectFrom('containers').selectAll().execute();
  expect(rows).toMatchObject([{ hostname: 'web1', phase: 'ready', active_operation_id: null }]);
  expect([...on.fleet.guests.values()]).toMatchObject([{ running: true }]);
}

async function nothingLeft(on: Bench): Promise<void> {
  for (const table of ['containers', 'services', 'guest_states', 'leases', 'conditions'] as const) {
    expect(await on.store.db.selectFrom(table).selectAll().execute(), table).toEqual([]);
  }
  expect(on.fleet.guests.size).toBe(0);
}

async function power(on: Bench, state: 'running' | 'stopped'): Promise<void> {
  await wanted(on, state);
  expect([...on.fleet.guests.values()]).toMatchObject([{ running: state === 'running' }]);
}

async function wanted(on: Bench, state: 'running' | 'stopped'): Promise<void> {
  const rows = await on.store.db.selectFrom('containers').selectAll().execute();
  expect(rows).toMatchObject([{ power: state, phase: 'ready', active_operation_id: null }]);
}

async function cores(on: Bench, count: number): Promise<void> {
  const rows = await on.store.db.selectFrom('containers').selectAll().execute();
  expect(rows).toMatchObject([{ cores: count, active_operation_id: null }]);
}
