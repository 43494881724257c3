import type { Store } from '../store/store.ts';
import type { StoreSamples } from './store-figures.ts';

const STUCK_MS = 15 * 60_000;
const OPEN = ['pending', 'running', 'compensating'] as const;

/** Puts in what is to be done and has not ended, and how many people there are. */
export async function workFigures({ db, clock }: Store, samples: StoreSamples): Promise<void> {
  const operations = await db
    .selectFrom('operations')
    .select(['kind', 'state', 'created_at'])
    .where('state', 'in', [...OPEN])
    .execute();
  const before = clock.now() - STUCK_MS;
  const open = tally(operations, ({ kind, state }) => [kind, state]);
  for (const [[kind = '', state = ''], count] of open) samples.put('berth_operations_open', { kind, state }, count);
  const stuck = operations.filter(({ created_at }) => created_at < before);
  for (const [[kind = ''], count] of tally(stuck, (row) => [row.kind])) {
    samples.put('berth_operations_stuck', { kind }, count);
  }
  const commands = await db
    .selectFrom('commands')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .where('state', '<>', 'done')
    .groupBy('state')
    .execute();
  for (const { state, count } of commands) samples.put('berth_commands_open', { state }, Number(count));
  const mails = await db
    .selectFrom('outgoing_mails')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .where('state', '<>', 'sent')
    .groupBy('state')
    .execute();
  for (const { state, count } of mails) samples.put('berth_mail_outbox', { state }, Number(count));
  const users = await db
    .selectFrom('users')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .groupBy('status')
    .execute();
  for (const { status, count } of users) samples.put('berth_users', { status }, Number(count));
}

function tally<T>(rows: readonly T[], keyOf: (row: T) => string[]): [string[], number][] {
  const counts = Map.groupBy(rows, (row) => JSON.stringify(keyOf(row)));
  return [...counts].map(([key, group]) => [JSON.parse(key), group.length]);
}
