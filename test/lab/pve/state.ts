import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What must outlive the simulator's process, as a real node's files do: guests, tasks, uploads, pools. */
export type StateKind = 'guests' | 'tasks' | 'content' | 'pools';

/** A durable map per kind. */
export interface State {
  put(kind: StateKind, key: string, value: unknown): void;
  remove(kind: StateKind, key: string): void;
  all(kind: StateKind): unknown[];
}

/** Nothing is kept: for simulators that live and die with one test. */
export const noState: State = {
  put: () => undefined,
  remove: () => undefined,
  all: () => [],
};

/** One JSON file per record under `directory`, each replaced by a rename, so that a kill leaves the old or the new. */
export function directoryState(directory: string): State {
  const folder = (kind: StateKind): string => join(directory, kind);
  const file = (kind: StateKind, key: string): string => join(folder(kind), `${encodeURIComponent(key)}.json`);
  for (const kind of ['guests', 'tasks', 'content', 'pools'] as const) mkdirSync(folder(kind), { recursive: true });
  return {
    put(kind, key, value) {
      const target = file(kind, key);
      writeFileSync(`${target}.tmp`, JSON.stringify(value));
      renameSync(`${target}.tmp`, target);
    },
    remove: (kind, key) => rmSync(file(kind, key), { force: true }),
    all: (kind) =>
      readdirSync(folder(kind))
        .filter((name) => name.endsWith('.json'))
        .toSorted()
        .map((name) => JSON.parse(readFileSync(join(folder(kind), name), 'utf8')) as unknown),
  };
}
