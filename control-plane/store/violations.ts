import type { DialectName } from './store.ts';

/** Name that `UniqueViolation.constraint` has for every primary key. */
export const PRIMARY = 'primary';

/** A value that has to be unique and is there already. */
export class UniqueViolation extends Error {
  /** The constraint's name in the migrations, e.g. "containers_hostname", or "primary" for a primary key. */
  readonly constraint: string;

  constructor(constraint: string, cause: unknown) {
    super(`a row breaks the unique constraint ${constraint}`, { cause });
    this.name = 'UniqueViolation';
    this.constraint = constraint;
  }
}

/** A row that refers to what is not there, or that others still refer to. */
export class ReferenceViolation extends Error {
  constructor(cause: unknown) {
    super('a row refers to one that is not there, or is still referred to', { cause });
    this.name = 'ReferenceViolation';
  }
}

/** Names of SQLite's unique constraints by what its messages say: "table.column, table.column". */
export type ConstraintNames = ReadonlyMap<string, string>;

/** The engine's own error as a violation; any other error unchanged. */
export function asViolation(error: unknown, dialect: DialectName, names: ConstraintNames): unknown {
  if (!(error instanceof Error)) return error;
  switch (dialect) {
    case 'sqlite':
      return sqliteViolation(error, names);
    case 'postgres':
      return postgresViolation(error);
    case 'mysql':
      return mysqlViolation(error);
  }
}

/** Whether the engine asks for the transaction to be run again from its beginning. */
export function isTransient(error: unknown, dialect: DialectName): boolean {
  const code = property(error, 'code');
  switch (dialect) {
    case 'sqlite':
      return typeof code === 'string' && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
    case 'postgres':
      return code === '40001' || code === '40P01';
    case 'mysql':
      return code === 'ER_LOCK_DEADLOCK' || code === 'ER_LOCK_WAIT_TIMEOUT' || code === 'ER_CHECKREAD';
  }
}

function sqliteViolation(error: Error, names: ConstraintNames): Error {
  const code = property(error, 'code');
  if (code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return new UniqueViolation(PRIMARY, error);
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return new ReferenceViolation(error);
  if (code !== 'SQLITE_CONSTRAINT_UNIQUE') return error;
  const columns = error.message.slice(error.message.indexOf(': ') + 2);
  return new UniqueViolation(names.get(columns) ?? columns, error);
}

function postgresViolation(error: Error): Error {
  const code = property(error, 'code');
  if (code === '23503') return new ReferenceViolation(error);
  if (code !== '23505') return error;
  const name = String(property(error, 'constraint'));
  return new UniqueViolation(/_(pk|pkey)$/.test(name) ? PRIMARY : name, error);
}

function mysqlViolation(error: Error): Error {
  const code = property(error, 'code');
  if (code === 'ER_NO_REFERENCED_ROW_2' || code === 'ER_ROW_IS_REFERENCED_2') return new ReferenceViolation(error);
  if (code !== 'ER_DUP_ENTRY') return error;
  // MariaDB names the key alone, MySQL the table before it.
  const key = /for key '(?:[^'.]*\.)?([^'.]+)'$/.exec(error.message)?.[1] ?? '';
  return new UniqueViolation(key === 'PRIMARY' ? PRIMARY : key, error);
}

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
