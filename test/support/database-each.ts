import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, describe, inject } from 'vitest';
import './databases.global.ts';

/** The database dialects of Berth's store. */
export type Dialect = 'sqlite' | 'postgres' | 'mysql';

/** A fresh, empty database of a test's own. `drop` is idempotent and cuts remaining connections. */
export type TestDatabase = { readonly url: string; drop(): Promise<void> };

/** Where a test gets databases of one dialect. */
export type TestDatabases = { readonly dialect: Dialect; create(): Promise<TestDatabase> };

/** All dialects, none left out. */
export function testDatabases(): readonly TestDatabases[] {
  return [
    { dialect: 'sqlite', create: createSqlite },
    { dialect: 'postgres', create: createPostgres },
    { dialect: 'mysql', create: createMysql },
  ];
}

/**
 * Declares the same suite once per dialect.
 *
 * `open` makes a fresh database; all of them are dropped after the suite, so close connections in `afterEach` or in an
 * `afterAll` of your own.
 */
export function describeEachDialect(
  name: string,
  suite: (open: () => Promise<TestDatabase>, dialect: Dialect) => void,
): void {
  for (const { dialect, create } of testDatabases()) {
    describe(`${name} on ${dialect}`, () => {
      const opened: TestDatabase[] = [];
      afterAll(() => Promise.all(opened.map((database) => database.drop())));
      suite(async () => {
        const database = await create();
        opened.push(database);
        return database;
      }, dialect);
    });
  }
}

async function createSqlite(): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-sqlite-'));
  return {
    url: `sqlite:${join(directory, 'berth.db')}`,
    drop: () => rm(directory, { recursive: true, force: true }),
  };
}

async function createPostgres(): Promise<TestDatabase> {
  const server = provided('postgresUrl');
  const name = freshName();
  const execute = async (sql: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await execute(`CREATE DATABASE ${name}`);
  return { url: withPath(server, name), drop: () => execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function createMysql(): Promise<TestDatabase> {
  const server = provided('mysqlUrl');
  const name = freshName();
  const execute = async (sql: string) => {
    const connection = await mysql.createConnection(server);
    await connection.query(sql).finally(() => connection.end());
  };
  await execute(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  return { url: withPath(server, name), drop: () => execute(`DROP DATABASE IF EXISTS ${name}`) };
}

function freshName(): string {
  return `berth_${randomBytes(8).toString('hex')}`;
}

function withPath(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

function provided(key: 'postgresUrl' | 'mysqlUrl'): string {
  const url = inject(key);
  if (!url) throw new Error(`this test project does not name test/support/databases.global.ts as a globalSetup`);
  return url;
}
