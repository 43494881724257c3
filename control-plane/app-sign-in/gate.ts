/**
 * The gate before apps: what nginx asks for every request to a service that wants people to sign in first.
 *
 * Nothing is believed for longer than the request. A cookie says which session of an app it is; that session, the Berth
 * session it rests on, its person and the service are read anew each time, in one query by primary keys, and with them
 * the revision of the directory. Who belongs to what is worked out once and kept as long as that revision and the
 * service are the same; so an answer is as things were when it was given, and what is withdrawn is withdrawn with the
 * commit. What cannot be read lets nobody in: nginx then answers 503.
 *
 * What this cannot do is end a connection that is open already: nginx asks before a request, and a WebSocket or a stream
 * of events is one request for as long as it lasts. nginx has no way to close a single connection from outside, and a
 * reload that would close those of everybody is worse than the harm. An app that holds connections open for long should
 * end them itself from time to time; their successor is asked for anew.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';
import { admissionTo, guardedService } from '../app/app-sign-in/may-come.ts';
import { SESSION_IDLE_MS } from '../auth/sessions.ts';
import { type AppSessionState, appSessionState, touchAppSession } from '../store/app-sessions.ts';
import { groupNames } from '../store/groups.ts';
import type { Store } from '../store/store.ts';
import { type AppCookies, RENEW_MS, setGateCookie } from './app-cookie.ts';
import type { GateRequest } from './gate-request.ts';
import { identityHeaders } from './identity-headers.ts';

/** What the gate says to a request: let in (with what the app is told), not signed in, or not allowed. */
export type Verdict = { kind: 'enter'; headers: Record<string, string> } | { kind: 'sign-in' } | { kind: 'denied' };

/** Answers kept; the least is what thousands of people at dozens of apps need. */
const KEPT = 50_000;

/** The gate of one replica. */
export class Gate {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #cookies: AppCookies;
  #revision = -1;
  #kept = new Map<string, Record<string, string>>();

  constructor(store: Store, clock: Clock, cookies: AppCookies) {
    this.#store = store;
    this.#clock = clock;
    this.#cookies = cookies;
  }

  /** Decides about one request. @throws the engine's own error */
  async decide(request: GateRequest): Promise<Verdict> {
    const now = this.#clock.now();
    const cookie = this.#cookies.read(request.gate, request.host, now);
    if (!cookie) return { kind: 'sign-in' };
    const state = await appSessionState(this.#store.db, cookie.id, request.serviceId);
    if (!state || !isLive(state, request.host, now)) return { kind: 'sign-in' };
    const headers = await this.#headersFor(state, request.serviceId);
    if (!headers) return { kind: 'denied' };
    if (now - cookie.madeAt < RENEW_MS) return { kind: 'enter', headers };
    return { kind: 'enter', headers: { ...headers, 'x-berth-cookie': await this.#renew(state, now) } };
  }

  /** What the app is told; undefined for somebody who may not come. */
  async #headersFor(state: AppSessionState, serviceId: string): Promise<Record<string, string> | undefined> {
    const { directory_revision: revision } = state;
    const key = `${state.user_id} ${serviceId} ${state.container_id} ${state.options}`;
    if (revision > this.#revision || this.#kept.size >= KEPT) {
      this.#revision = Math.max(revision, this.#revision);
      this.#kept = new Map();
    }
    const known = revision === this.#revision ? this.#kept.get(key) : undefined;
    if (known) return known;
    const service = guardedService(state);
    if (!service) return undefined;
    const { allowed, lasting, standing } = await admissionTo(this.#store.db, state.user_id, service);
    if (!allowed) return undefined;
    const headers = identityHeaders(state, await groupNames(this.#store.db, standing.groupIds));
    // Read after the revision, so it may be newer than that: then the next look finds another revision and reads anew.
    if (lasting && revision === this.#revision) this.#kept.set(key, headers);
    return headers;
  }

  /** Notes that app and Berth session are in use, unless somebody just did, and gives a new cookie. */
  async #renew({ id, session_id, last_seen_at, host }: AppSessionState, now: number): Promise<string> {
    if (now - last_seen_at >= RENEW_MS / 2) {
      await this.#store.transaction((tx) => touchAppSession(tx, id, session_id));
    }
    return setGateCookie(this.#cookies.value(id, host, now));
  }
}

function isLive(state: AppSessionState, host: string, now: number): boolean {
  const { expires_at, last_used_at, status } = state;
  return state.host === host && status === 'active' && expires_at > now && last_used_at + SESSION_IDLE_MS > now;
}
