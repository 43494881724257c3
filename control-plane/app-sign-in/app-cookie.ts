import { createHmac, timingSafeEqual } from 'node:crypto';

/** The cookie of an app's host that says who is signed in; `__Host-`, so that no other host can set it. */
const GATE_COOKIE = '__Host-berth-app';
/** The one that a sign-in begins with. */
const STATE_COOKIE = '__Host-berth-app-state';

/** How long a cookie is good for, in milliseconds; one that is used is renewed long before. */
const COOKIE_MS = 3_600_000;
/** From which age on it is renewed. */
export const RENEW_MS = 10 * 60_000;
/** How long a browser may take to sign in. */
const STATE_SECONDS = 15 * 60;

/** What a cookie says. */
export interface AppCookie {
  /** Session of the app. */
  id: string;
  /** When it was made, milliseconds since the epoch, whole seconds. */
  madeAt: number;
}

/** Makes and reads the cookies' values: who, since when, and an HMAC-SHA256 over both and the host. */
export class AppCookies {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The value for a session of an app at a host. @param now milliseconds since the epoch */
  value(id: string, host: string, now: number): string {
    const said = `${id}.${Math.floor(now / 1000)}`;
    return `${said}.${this.#seal(said, host)}`;
  }

  /** What a value says; undefined when it was not made here, for another host, too long ago or in the future. */
  read(value: string, host: string, now: number): AppCookie | undefined {
    const [, said = '', id = '', seconds = '', seal = ''] =
      /^(([\w-]{1,64})\.(\d{1,12}))\.([\w-]{43})$/.exec(value) ?? [];
    if (said === '') return undefined;
    const madeAt = Number(seconds) * 1000;
    if (madeAt > now || madeAt + COOKIE_MS <= now) return undefined;
    const right = Buffer.from(this.#seal(said, host));
    return timingSafeEqual(right, Buffer.from(seal)) ? { id, madeAt } : undefined;
  }

  #seal(said: string, host: string): string {
    return createHmac('sha256', this.#key).update(`${host}\n${said}`).digest('base64url');
  }
}

const FLAGS = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** Header that sets the cookie of an app. */
export function setGateCookie(value: string): string {
  return `${GATE_COOKIE}=${value}; ${FLAGS}; Max-Age=${COOKIE_MS / 1000}`;
}

/** Header that takes it back. */
export function clearGateCookie(): string {
  return `${GATE_COOKIE}=; ${FLAGS}; Max-Age=0`;
}

/** Header that sets the cookie a sign-in begins with. */
export function setStateCookie(state: string): string {
  return `${STATE_COOKIE}=${state}; ${FLAGS}; Max-Age=${STATE_SECONDS}`;
}
