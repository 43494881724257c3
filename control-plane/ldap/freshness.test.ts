import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describe, expect, test } from 'vitest';
import { Freshness, type Waiting } from './freshness.ts';
import { turn } from './testing/wire.ts';

/** Somebody who asks, and notes what he was told. */
class Asker implements Waiting {
  asked = 0;
  #sealed = 0;
  readonly answers: { upTo: number; fresh: boolean; at: number }[] = [];
  readonly #directory: { revision: number };

  constructor(directory: { revision: number }) {
    this.#directory = directory;
  }

  seal(): void {
    this.#sealed = this.asked;
  }

  run(fresh: boolean): void {
    this.answers.push({ upTo: this.#sealed, fresh, at: this.#directory.revision });
  }
}

function setUp(ask: () => number | Promise<number>) {
  const directory = { revision: 1 };
  const store = { revision: 1, questions: 0, readings: 0 };
  const errors: unknown[] = [];
  const clock = new VirtualClock();
  const freshness = new Freshness({
    revision: () => {
      store.questions += 1;
      return ask();
    },
    isAt: (revision) => directory.revision >= revision,
    catchUp: async () => {
      store.readings += 1;
      directory.revision = store.revision;
    },
    clock,
    onError: (error) => errors.push(error),
  });
  const ask1 = (asker: Asker) => {
    asker.asked += 1;
    freshness.join(asker);
  };
  return { directory, store, errors, clock, ask: ask1 };
}

test('one question serves everybody who had asked before it was put', async () => {
  const world = setUp(() => world.store.revision);
  const askers = Array.from({ length: 100 }, () => new Asker(world.directory));
  for (const asker of askers) world.ask(asker);
  await turn();
  expect(askers.every(({ answers }) => answers.length === 1 && answers[0]?.fresh)).toBe(true);
  expect(world.store.questions).toBe(1);
  expect(world.store.readings).toBe(0);
});

test('the directory is brought up to the store before anybody is answered', async () => {
  const world = setUp(() => world.store.revision);
  const asker = new Asker(world.directory);
  world.store.revision = 7;
  world.ask(asker);
  await turn();
  await turn();
  expect(asker.answers).toEqual([{ upTo: 1, fresh: true, at: 7 }]);
});

test('what comes while a question is under way waits for the next one', async () => {
  const replies: ((revision: number) => void)[] = [];
  const world = setUp(() => new Promise((resolve) => replies.push(resolve)));
  const [early, late] = [new Asker(world.directory), new Asker(world.directory)];
  world.ask(early);
  await turn();
  world.ask(late);
  world.ask(early);
  await turn();
  expect(world.store.questions).toBe(1);
  replies[0]?.(1);
  await turn();
  await turn();
  // The second question of `early` came after the question to the store: it is not answered yet.
  expect(early.answers).toEqual([{ upTo: 1, fresh: true, at: 1 }]);
  expect(late.answers).toEqual([]);
  world.store.revision = 2;
  replies[1]?.(2);
  await turn();
  await turn();
  expect(late.answers).toEqual([{ upTo: 1, fresh: true, at: 2 }]);
  expect(early.answers.at(-1)).toEqual({ upTo: 2, fresh: true, at: 2 });
});

describe('nobody is told anything old', () => {
  test('when the store fails', async () => {
    const world = setUp(() => Promise.reject(new Error('gone')));
    const asker = new Asker(world.directory);
    world.ask(asker);
    await turn();
    await turn();
    expect(asker.answers).toEqual([{ upTo: 1, fresh: false, at: 1 }]);
    expect(world.errors).toHaveLength(1);
  });

  test('when the store is silent', async () => {
    const world = setUp(() => new Promise(() => undefined));
    const asker = new Asker(world.directory);
    world.ask(asker);
    await turn();
    await world.clock.advance(3_900);
    expect(asker.answers).toEqual([]);
    await world.clock.advance(200);
    expect(asker.answers).toMatchObject([{ fresh: false }]);
  });
});
