import type { LogEvent } from 'kysely';

/** A statement that has ended. */
export interface EndedQuery {
  statement: 'select' | 'insert' | 'update' | 'delete' | 'other';
  seconds: number;
  failed: boolean;
}

const STATEMENTS: Record<string, EndedQuery['statement']> = {
  SelectQueryNode: 'select',
  InsertQueryNode: 'insert',
  UpdateQueryNode: 'update',
  DeleteQueryNode: 'delete',
};

/** Tells of statements by their kind alone: neither what they say nor what they are about leaves the store. */
export function queryLog(onQuery: (query: EndedQuery) => void): (event: LogEvent) => void {
  return ({ level, query, queryDurationMillis }) =>
    onQuery({
      statement: STATEMENTS[query.query.kind] ?? 'other',
      seconds: queryDurationMillis / 1000,
      failed: level === 'error',
    });
}
