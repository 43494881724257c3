import type { TestProject } from 'vitest/node';
import { type DatabaseServers, startDatabaseServers } from './database-servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    mysqlUrl: string;
  }
}

/** The one pair of servers of this run: vitest loads this file once per project, the process is the same. */
type Shared = { users: number; starting: Promise<DatabaseServers> };

const SHARED = Symbol.for('berth.test-databases');
const holder: typeof globalThis & { [SHARED]?: Shared } = globalThis;

/** Starts the test databases, or joins those of another project in this run, and tells the tests where they are. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  holder[SHARED] ??= { users: 0, starting: startDatabaseServers() };
  const shared = holder[SHARED];
  shared.users += 1;
  const servers = await shared.starting;
  project.provide('postgresUrl', servers.postgresUrl);
  project.provide('mysqlUrl', servers.mysqlUrl);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete holder[SHARED];
    await servers.stop();
  };
}
