import { notFound } from '../errors.ts';
import type { Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';
import { referenceFault } from './validate/text.ts';
import { Violations } from './validate/violations.ts';

/** A person by identifier or login name. @throws AppError "user_not_found" */
export async function findUser(db: Db, reference: string, field: string): Promise<Row<'users'>> {
  const found = new Violations();
  found.check(field, referenceFault(reference));
  found.refuse();
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where((where) => where.or([where('id', '=', reference), where('username', '=', reference)]))
    .executeTakeFirst();
  if (!row) throw notFound('user', reference, field);
  return row;
}
