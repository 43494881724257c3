/**
 * Whether the backends of routes answer. Each is looked at once in its interval, spread by chance, a bounded number at
 * the same time; routes that lead to the same place share one look. A backend that was well has to fail twice in a row,
 * so that one lost packet is no news; one that is not well is looked at soon again and then less and less often, up to
 * its interval. Only changes are reported, and all that is known when a session opens.
 */

import { type BackendHealth, BackendHealthSchema, BackendReportSchema } from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Report } from '../shared/role.ts';
import type { HealthTarget } from './health-look.ts';
import type { WatchedRoute } from './health-targets.ts';
import { Wheel } from './wheel.ts';

/** Looks under way at the same time. */
const AT_ONCE = 128;
/** Milliseconds between two turns of the wheel, and for which changes are collected. */
const TURN_MS = 500;
/** Milliseconds after which a failure is looked at again. */
const AGAIN_MS = 2000;
/** New backends are first looked at within this many milliseconds for each of them. */
const SPREAD_MS = 4;
/** Backends in one message. */
const MESSAGE_SIZE = 2000;

/** What the watch works with. */
export type HealthParts = {
  readonly clock: Clock;
  readonly random: Random;
  /** Looks once: "" for well, else why not. */
  look(target: HealthTarget): Promise<string>;
  report(report: Report): void;
};

type State = { readonly error: string; readonly sinceMs: number };
type Patient = {
  readonly target: HealthTarget;
  intervalMs: number;
  /** Container by name of the route. */
  routes: ReadonlyMap<string, string>;
  state?: State;
  failures: number;
};

/** Looks after the backends of a set of routes. */
export class HealthWatch {
  readonly #parts: HealthParts;
  readonly #wheel: Wheel<Patient>;
  /** Due and not yet looked at, the longest first. */
  readonly #waiting = new Set<Patient>();
  readonly #changed = new Map<string, BackendHealth>();
  #patients = new Map<string, Patient>();
  #underWay = 0;
  #cancelTurn: () => void = () => {};
  #stopped = false;

  constructor(parts: HealthParts) {
    this.#parts = parts;
    this.#wheel = new Wheel(TURN_MS, parts.clock.now());
    this.#scheduleTurn();
  }

  /** Looks after these from now on, and after no others. */
  watch(routes: Iterable<WatchedRoute>): void {
    const before = this.#patients;
    const groups = Map.groupBy(routes, ({ target }) => keyOf(target));
    const fresh: Patient[] = [];
    this.#patients = new Map();
    for (const [key, sharing] of groups) {
      const patient = before.get(key) ?? admit(sharing, fresh);
      this.#patients.set(key, patient);
      this.#take(patient, sharing);
    }
    for (const patient of fresh) {
      const spread = Math.min(patient.intervalMs, Math.max(TURN_MS, fresh.length * SPREAD_MS));
      this.#later(patient, spread * this.#parts.random());
    }
    const names = new Set([...this.#patients.values()].flatMap((patient) => [...patient.routes.keys()]));
    for (const name of [...this.#changed.keys()]) if (!names.has(name)) this.#changed.delete(name);
  }

  /** Reports all that is known, as at the opening of a session. */
  reportAll(): void {
    this.#changed.clear();
    this.#send([...this.#patients.values()].flatMap(healthOf), true);
  }

  /** Ends it; looks that are under way come to nothing. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTurn();
  }

  /** The routes a patient has now; those that come to one whose state is known get it at once. */
  #take(patient: Patient, sharing: readonly WatchedRoute[]): void {
    const former = patient.routes;
    patient.routes = new Map(sharing.map(({ name, containerId }) => [name, containerId]));
    patient.intervalMs = Math.min(...sharing.map(({ intervalMs }) => intervalMs));
    for (const health of healthOf(patient)) if (!former.has(health.route)) this.#changed.set(health.route, health);
  }

  #scheduleTurn(): void {
    this.#cancelTurn = this.#parts.clock.after(TURN_MS, () => {
      if (this.#changed.size > 0) this.#send([...this.#changed.values()], false);
      this.#changed.clear();
      for (const patient of this.#wheel.take(this.#parts.clock.now())) this.#waiting.add(patient);
      this.#lookFurther();
      this.#scheduleTurn();
    });
  }

  #lookFurther(): void {
    for (const patient of this.#waiting) {
      if (this.#underWay >= AT_ONCE || this.#stopped) return;
      this.#waiting.delete(patient);
      if (this.#patients.get(keyOf(patient.target)) !== patient) continue;
      this.#underWay += 1;
      void this.#parts.look(patient.target).then((error) => {
        this.#underWay -= 1;
        this.#judge(patient, error);
        this.#lookFurther();
      });
    }
  }

  #judge(patient: Patient, error: string): void {
    const { state } = patient;
    patient.failures = error === '' ? 0 : patient.failures + 1;
    // Only a second failure makes one that was well unwell.
    const news = error !== state?.error && !(state?.error === '' && patient.failures === 1);
    if (news) {
      const turned = state === undefined || (state.error === '') !== (error === '');
      patient.state = { error, sinceMs: turned ? this.#parts.clock.now() : state.sinceMs };
      for (const health of healthOf(patient)) this.#changed.set(health.route, health);
    }
    const jitter = 0.9 + 0.2 * this.#parts.random();
    const backOff = error === '' ? Number.POSITIVE_INFINITY : AGAIN_MS * 2 ** Math.min(10, patient.failures - 1);
    this.#later(patient, Math.min(patient.intervalMs, backOff) * jitter);
  }

  #later(patient: Patient, ms: number): void {
    this.#wheel.add(patient, this.#parts.clock.now() + ms);
  }

  #send(backends: readonly BackendHealth[], full: boolean): void {
    for (let at = 0; at < Math.max(1, backends.length); at += MESSAGE_SIZE) {
      const part = backends.slice(at, at + MESSAGE_SIZE);
      const value = create(BackendReportSchema, { full: full && at === 0, backends: part });
      this.#parts.report({ case: 'backendReport', value });
    }
  }
}

function admit([first]: readonly WatchedRoute[], fresh: Patient[]): Patient {
  if (!first) throw new Error('a group of routes has at least one');
  const patient = { target: first.target, intervalMs: first.intervalMs, routes: new Map(), failures: 0 };
  fresh.push(patient);
  return patient;
}

function healthOf({ routes, state }: Patient): BackendHealth[] {
  if (!state) return [];
  const { error, sinceMs } = state;
  const common = { healthy: error === '', error, since: timestampFromMs(sinceMs) };
  return Array.from(routes, ([route, containerId]) => create(BackendHealthSchema, { route, containerId, ...common }));
}

/** Targets of one key are asked in the same way. The name asked for does not matter where nothing is asked. */
function keyOf({ address, port, tls, host, path }: HealthTarget): string {
  return path === '' ? `${address} ${port}` : `${address} ${port} ${tls} ${host} ${path}`;
}
