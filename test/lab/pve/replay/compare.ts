import type { SimResponse } from '../response.ts';
import type { Recording } from './recording.ts';

// Whether an answer is like the recorded one: status and reason always, errors word for word, successes by keys and
// types, and by value where the value is the simulator's to decide.

const EXACT_KEYS = new Set(['status', 'exitstatus', 'type', 'user', 'tokenid', 'hasFeature', 'ip-address', 'subdir']);
const FREE_KEYS = new Set(['digest', 'pid', 'pstart', 'starttime', 'snaptime', 'upid', 'ctime', 'size']);
/** Lists whose length depends on what happened before the recording began. */
const FREE_LENGTH = [/\/content$/, /\/cluster\/tasks$/, /\/tasks\/[^/]+\/log$/];
const EXACT_PATHS = [/\/config$/, /\/pending$/, /\/nextid$/, /\/permissions$/, /\/version$/];

/** Takes out what differs from run to run. */
function steady(text: string): string {
  return text
    .replaceAll(/UPID:[^\s"]+:/g, 'UPID')
    .replaceAll(/tmp\.\d+/g, 'tmp.N')
    .replaceAll(/hwaddr=[0-9A-F:]{17}/g, 'hwaddr=MAC')
    .replaceAll(/-disk-\d+/g, '-disk-N')
    .replaceAll(/(?<=pve-config-)\d+/g, 'N')
    .trimEnd();
}

/** The differences between a recording and an answer, in words; empty when there are none. */
export function differences(recording: Recording, answer: SimResponse): string[] {
  const { status, statusText, body } = recording.response;
  const found: string[] = [];
  if (answer.status !== status) found.push(`status ${answer.status}, recorded ${status}`);
  if (steady(answer.statusText) !== steady(statusText))
    found.push(`reason ${answer.statusText}, recorded ${statusText}`);
  if (found.length > 0) return found;
  if (typeof body === 'string')
    return steady(body) === steady(answer.body) ? [] : [`body ${answer.body}, recorded ${body}`];
  if (answer.body === '') return body === null ? [] : ['no body'];
  const exact = status !== 200 || EXACT_PATHS.some((pattern) => pattern.test(recording.request.path));
  const freeLength = FREE_LENGTH.some((pattern) => pattern.test(recording.request.path));
  new Comparison(exact, freeLength, found).compare('body', body, JSON.parse(answer.body));
  return found;
}

class Comparison {
  readonly #exact: boolean;
  readonly #freeLength: boolean;
  readonly #found: string[];

  constructor(exact: boolean, freeLength: boolean, found: string[]) {
    this.#exact = exact;
    this.#freeLength = freeLength;
    this.#found = found;
  }

  compare(path: string, recorded: unknown, given: unknown): void {
    if (Array.isArray(recorded) && Array.isArray(given)) this.#compareLists(path, recorded, given);
    else if (isRecord(recorded) && isRecord(given)) this.#compareObjects(path, recorded, given);
    else this.#compareValues(path, recorded, given);
  }

  #compareObjects(path: string, recorded: Record<string, unknown>, given: Record<string, unknown>): void {
    for (const key of Object.keys(recorded)) {
      if (key in given) this.compare(`${path}.${key}`, recorded[key], given[key]);
      else this.#found.push(`${path}.${key} is missing`);
    }
    for (const key of Object.keys(given)) if (!(key in recorded)) this.#found.push(`${path}.${key} is too much`);
  }

  // The order of a list says nothing; every element must look like some recorded one.
  #compareLists(path: string, recorded: unknown[], given: unknown[]): void {
    const sameLength = recorded.length === given.length || (this.#freeLength && recorded.length > 0);
    if (!sameLength) this.#found.push(`${path} has ${given.length} elements, recorded ${recorded.length}`);
    for (const [i, element] of given.entries()) {
      const tries = recorded.map((candidate) => {
        const found: string[] = [];
        new Comparison(this.#exact, this.#freeLength, found).compare(`${path}[${i}]`, candidate, element);
        return found;
      });
      const best = tries.toSorted((a, b) => a.length - b.length)[0];
      this.#found.push(...(best ?? []));
    }
  }

  #compareValues(path: string, recorded: unknown, given: unknown): void {
    const key = path.split('.').at(-1) ?? '';
    if (kind(recorded) !== kind(given)) {
      this.#found.push(`${path} is ${kind(given)}, recorded ${kind(recorded)}`);
      return;
    }
    const digestRow = /^[0-9a-f]{40}$/.test(String(recorded));
    if (FREE_KEYS.has(key) || digestRow || !(this.#exact || (EXACT_KEYS.has(key) && !this.#freeLength))) return;
    if (steady(String(recorded)) !== steady(String(given))) {
      this.#found.push(`${path} is ${JSON.stringify(given)}, recorded ${JSON.stringify(recorded)}`);
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}
