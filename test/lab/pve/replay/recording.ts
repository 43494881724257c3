import { existsSync, readFileSync } from 'node:fs';

/** One real exchange. */
export interface Recording {
  seq: number;
  scenario: string;
  step: number;
  request: {
    method: string;
    path: string;
    query: string;
    headers: Record<string, string>;
    authHeader: 'token' | 'ticket' | 'bad' | 'none';
    identity: string | null;
    body: string | null;
  };
  response: { status: number; statusText: string; headers: Record<string, string>; body: unknown };
}

const root = new URL('../../../../', import.meta.url);

/** The reference material next to the repository; absent on other machines. */
export const referenceUrl = (name: string): URL => new URL(`../shared/reference/${name}`, root);
/** A file among the golden ones. */
export const goldenUrl = (name: string): URL => new URL(`test/golden/${name}`, root);

/** Every recording when the reference is there, else the repository's copy of the claimed ones. */
export function loadRecordings(): { recordings: Recording[]; complete: boolean } {
  const reference = referenceUrl('pve-recordings.json');
  if (existsSync(reference)) {
    return { recordings: JSON.parse(readFileSync(reference, 'utf8')) as Recording[], complete: true };
  }
  const lines = readFileSync(goldenUrl('pve-recordings.json'), 'utf8').split('\n');
  const recordings = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recording);
  return { recordings, complete: false };
}

/** A recording's name in lists: `41 storage/10 GET /api2/json/…`. */
export function nameOf({ seq, scenario, step, request }: Recording): string {
  return `${seq} ${scenario}/${step} ${request.method} ${request.path}`;
}

/** The fields of a recording that a replay needs, on one line. */
export function compact({ seq, scenario, step, request, response }: Recording): string {
  const { status, statusText, body } = response;
  return JSON.stringify({ seq, scenario, step, request, response: { status, statusText, headers: {}, body } });
}
