/**
 * What nginx hosts ask for apps that want people to sign in first.
 *
 * - `check` answers nginx's auth_request: 204 with what the app is told, 401 (with the way to sign in, for a browser that
 *   opens a page), 403.
 * - `gate/…` is what nginx passes on from `/.berth/…` of an app's own host, so that cookies can be set there: the end of
 *   the way in, and the way out.
 *
 * The way in: check (401, state cookie) → /app-sign-in at Berth, signed in there by its session → one-time code →
 * `/.berth/sign-in` of the app's host, which takes code and state together and sets the app's cookie → the page that was
 * wanted. Whoever follows somebody else's link at any step lacks the state, so nobody is signed in as another unawares.
 */
import { randomBytes } from 'node:crypto';
import type { AppDeps } from '../app/app-deps.ts';
import { isAppPath } from '../app/app-sign-in/app-path.ts';
import type { Logger } from '../log.ts';
import { appSessionState, deleteAppSession } from '../store/app-sessions.ts';
import { AppCookies, clearGateCookie, setGateCookie, setStateCookie } from './app-cookie.ts';
import { Gate } from './gate.ts';
import { signedOutPage, signOutPage, staleCodePage } from './gate-pages.ts';
import { type GateRequest, readGateRequest } from './gate-request.ts';
import { redeemAppCode } from './redeem.ts';

/** Answers requests, told by the listener where they come from. */
type Fetch = (request: Request, env?: unknown) => Response | Promise<Response>;

const BASE = '/app-sign-in/';
/** Longest address of the way in; those who sign in by way of a provider take it along. */
const MOST_LOCATION = 900;

/** Puts the paths below /app-sign-in/ before the pages; /app-sign-in itself is a page. */
export function withAppSignInRoutes(deps: AppDeps, log: Logger, pages: { fetch: Fetch }): { fetch: Fetch } {
  const routes = new AppSignInRoutes(deps);
  return {
    fetch(request, env) {
      const { pathname, searchParams } = new URL(request.url);
      if (!pathname.startsWith(BASE)) return pages.fetch(request, env);
      return routes.answer(request, pathname.slice(BASE.length), searchParams).catch((error: unknown) => {
        log.error({ err: error }, 'an app sign-in could not be looked at');
        return plain(500);
      });
    },
  };
}

class AppSignInRoutes {
  readonly #deps: AppDeps;
  readonly #cookies: AppCookies;
  readonly #gate: Gate;

  constructor(deps: AppDeps) {
    this.#deps = deps;
    this.#cookies = new AppCookies(deps.store.secrets.keyFor('app cookies v1'));
    this.#gate = new Gate(deps.store, deps.clock, this.#cookies);
  }

  async answer(request: Request, path: string, query: URLSearchParams): Promise<Response> {
    const asked = readGateRequest(request);
    if (!asked) return plain(404);
    switch (`${request.method} ${path}`) {
      case 'GET check':
        return this.#check(asked);
      case 'GET gate/sign-in':
        return this.#signIn(asked, query);
      case 'GET gate/sign-out':
        return signOutPage((await this.#whoIs(asked))?.username ?? '');
      case 'POST gate/sign-out':
        return this.#signOut(asked, request);
      default:
        return plain(404);
    }
  }

  async #check(asked: GateRequest): Promise<Response> {
    const verdict = await this.#gate.decide(asked);
    if (verdict.kind === 'enter') return new Response(null, { status: 204, headers: verdict.headers });
    if (verdict.kind === 'denied') return plain(403);
    return asked.navigates ? new Response(null, { status: 401, headers: this.#wayIn(asked) }) : plain(401);
  }

  /** A browser keeps its state for a while, so that several tabs that sign in at once do not disturb each other. */
  #wayIn({ host, path, state: former }: GateRequest): Record<string, string> {
    const state = /^[\w-]{22}$/.test(former) ? former : randomBytes(16).toString('base64url');
    const to = (back: string) => {
      const query = new URLSearchParams({ host, path: back, state });
      return `${this.#deps.publicUrl}/app-sign-in?${query}`;
    };
    const location = to(path).length > MOST_LOCATION ? to('/') : to(path);
    return { 'x-berth-location': location, 'x-berth-cookie': setStateCookie(state) };
  }

  async #signIn(asked: GateRequest, query: URLSearchParams): Promise<Response> {
    const { store, clock } = this.#deps;
    const wanted = query.get('path') ?? '/';
    const path = isAppPath(wanted) ? wanted : '/';
    const { host, state } = asked;
    const code = query.get('code') ?? '';
    const id = state && code ? await redeemAppCode(store, { code, host, state }) : undefined;
    if (!id) return (await this.#whoIs(asked)) ? seeOther(path) : staleCodePage(path);
    return seeOther(path, setGateCookie(this.#cookies.value(id, host, clock.now())));
  }

  async #signOut(asked: GateRequest, { headers }: Request): Promise<Response> {
    // What is sent across sites carries no cookie (SameSite=Lax), and what is sent from a sibling says so.
    if (!['same-origin', ''].includes(headers.get('x-berth-site') ?? '')) return plain(403);
    const session = await this.#whoIs(asked);
    if (session) await this.#deps.store.transaction((tx) => deleteAppSession(tx, session.id));
    const page = await signedOutPage(`${this.#deps.publicUrl}/account/apps`);
    page.headers.append('set-cookie', clearGateCookie());
    return page;
  }

  /** The session behind a cookie, wherever it may lead. */
  async #whoIs({ gate, host }: GateRequest) {
    const cookie = this.#cookies.read(gate, host, this.#deps.clock.now());
    const state = cookie && (await appSessionState(this.#deps.store.db, cookie.id, ''));
    return state?.host === host ? state : undefined;
  }
}

function plain(status: number): Response {
  return new Response(null, { status, headers: { 'cache-control': 'no-store' } });
}

function seeOther(path: string, cookie?: string): Response {
  const headers = { location: path, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return new Response(null, { status: 303, headers: cookie ? { ...headers, 'set-cookie': cookie } : headers });
}
