import type { Db, Tx } from './store.ts';

/** Takes the next number of a counter, for good: what is given back by nobody is never given twice. */
export async function takeNumber(tx: Tx, name: 'uid_number' | 'gid_number'): Promise<number> {
  return (await raise(tx, name)) - 1;
}

/** Raises a counter by one and returns its new value. The row stays locked until the transaction ends. */
export async function raise(tx: Tx, name: string): Promise<number> {
  await tx.db
    .updateTable('counters')
    .set((row) => ({ value: row('value', '+', 1) }))
    .where('name', '=', name)
    .execute();
  return counterValue(tx.db, name);
}

/** The value of a counter. */
export async function counterValue(db: Db, name: string): Promise<number> {
  const row = await db.selectFrom('counters').select('value').where('name', '=', name).executeTakeFirstOrThrow();
  return row.value;
}
