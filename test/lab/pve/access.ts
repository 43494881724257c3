import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { PveError } from './pve-error.ts';

/** Privileges by path; the deepest entry on the way to a path decides, as with PVE's propagating ACLs. */
export type Acl = Record<string, readonly string[]>;

export interface TokenOptions {
  /** `user@realm!name`. */
  id: string;
  secret: string;
  acl: Acl;
}

export interface UserOptions {
  /** `user@realm`. */
  id: string;
  password: string;
  acl: Acl;
}

/** Who calls: a token or a user with a ticket. */
export interface Identity {
  /** As tasks name it: `user@realm!token` or `user@realm`. */
  id: string;
  user: string;
  tokenid?: string;
  acl: Acl;
}

/** Headers that say who calls. */
export interface Credentials {
  authorization?: string | undefined;
  cookie?: string | undefined;
  csrf?: string | undefined;
  method: string;
}

const TICKET_SECONDS = 7200;

function refused(reason: string): PveError {
  return new PveError(401, reason, { body: 'empty', delayed: true });
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** Tokens, users, tickets and what each may do. */
export class Access {
  readonly #tokens: Map<string, TokenOptions>;
  readonly #users: Map<string, UserOptions>;
  readonly #clock: Clock;
  readonly #key: string;

  constructor(tokens: readonly TokenOptions[], users: readonly UserOptions[], clock: Clock, key: string) {
    this.#tokens = new Map(tokens.map((token) => [token.id, token]));
    this.#users = new Map(users.map((user) => [user.id, user]));
    this.#clock = clock;
    this.#key = key;
  }

  /** The caller, or the 401 a real node gives. */
  identify(given: Credentials): Identity {
    const token = /^PVEAPIToken=(.+?)=(.*)$/.exec(given.authorization ?? '');
    if (token) return this.#byToken(token[1] ?? '', token[2] ?? '');
    const ticket = /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(given.cookie ?? '')?.[1];
    if (ticket === undefined) throw refused('No ticket');
    return this.#byTicket(decodeURIComponent(ticket), given);
  }

  /** A fresh ticket and its CSRF token; 401 with a JSON body when name or password is wrong. */
  login(username: string, password: string): { ticket: string; csrf: string; identity: Identity } {
    const user = this.#users.get(username);
    if (!user || !same(user.password, password)) throw new PveError(401, 'authentication failure', { delayed: true });
    const issued = Math.floor(this.#clock.now() / 1000)
      .toString(16)
      .toUpperCase()
      .padStart(8, '0');
    const subject = `PVE:${user.id}:${issued}`;
    return {
      ticket: `${subject}::${this.#sign(subject)}`,
      csrf: `${issued}:${this.#sign(`csrf:${user.id}:${issued}`)}`,
      identity: { id: user.id, user: user.id, acl: user.acl },
    };
  }

  #byToken(id: string, secret: string): Identity {
    const [user = '', tokenid = ''] = id.split('!');
    const token = this.#tokens.get(id);
    if (!token) throw refused(`no such token '${tokenid}' for user '${user}'`);
    if (!same(token.secret, secret)) throw refused('invalid token value!');
    return { id, user, tokenid, acl: token.acl };
  }

  #byTicket(ticket: string, given: Credentials): Identity {
    const parts = /^(PVE:([^:]+):([0-9A-F]{8}))::(.+)$/.exec(ticket);
    const [, subject = '', userid = '', issued = '', signature = ''] = parts ?? [];
    const user = this.#users.get(userid);
    const age = this.#clock.now() / 1000 - Number.parseInt(issued, 16);
    if (!user || !same(this.#sign(subject), signature) || age > TICKET_SECONDS) throw refused('Authentication failed!');
    const [stamp = '', csrf = ''] = (given.csrf ?? '').split(':');
    if (given.method !== 'GET' && !same(this.#sign(`csrf:${userid}:${stamp}`), csrf)) {
      throw refused('Permission denied - invalid csrf token');
    }
    return { id: user.id, user: user.id, acl: user.acl };
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64').replaceAll(/[+/=]/g, '');
  }
}

/** What an ACL gives on a path such as `/vms/101`. */
export function privilegesOn(acl: Acl, path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  for (let depth = parts.length; depth >= 0; depth--) {
    const found = acl[`/${parts.slice(0, depth).join('/')}`];
    if (found) return found;
  }
  return [];
}
