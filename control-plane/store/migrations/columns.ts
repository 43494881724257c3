import { type CreateTableBuilder, sql } from 'kysely';
import type { Types } from '../dialect.ts';

/** A table being made. */
export type Table = CreateTableBuilder<string, string>;
/** Adds the columns and constraints of one table. */
export type Columns = (t: Table, is: Types) => Table;

/** Type of identifiers. */
export const ID = 'varchar(40)';
/** Type of times in milliseconds and of counters. */
export const MS = 'bigint';

/** Columns that are never null. */
export const required = (t: Table, columns: Record<string, string>): Table =>
  Object.entries(columns).reduce((table, [name, type]) => table.addColumn(name, sql.raw(type), (c) => c.notNull()), t);

/** Columns that may be null. */
export const optional = (t: Table, columns: Record<string, string>): Table =>
  Object.entries(columns).reduce((table, [name, type]) => table.addColumn(name, sql.raw(type)), t);

/** Counters that start at 0. */
export const counter = (t: Table, ...names: string[]): Table =>
  names.reduce((table, name) => table.addColumn(name, 'bigint', (c) => c.notNull().defaultTo(0)), t);

/** The identifier of a row. */
export const identified = (t: Table): Table => t.addColumn('id', sql.raw(ID), (c) => c.notNull().primaryKey());
