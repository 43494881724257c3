/** One connection's conversation: who it is, and what it asks. Knows nothing of sockets. */
import { MalformedBer } from './ber/reader.ts';
import type { StaticEntries } from './directory/static-entries.ts';
import type { View } from './directory/view.ts';
import { ANONYMOUS, type Identity, type Views } from './identity.ts';
import { answerSearch } from './operations/answer-search.ts';
import { type BindDeps, bind } from './operations/bind.ts';
import { type Changed, modify, passwordModify } from './operations/change-password.ts';
import { compare } from './operations/compare.ts';
import { beginSearch, SearchRun } from './operations/search.ts';
import { PagedSearches } from './paged-searches.ts';
import { PASSWORD_POLICY_RESPONSE } from './protocol/controls.ts';
import { Oid } from './protocol/oids.ts';
import type { BindRequest, Message, RefusedMessage, Request, SearchRequest } from './protocol/requests.ts';
import { extendedResponse, message, response } from './protocol/responses.ts';
import { RequestFault, type Result, ResultCode, resultName, SUCCESS } from './protocol/result-codes.ts';

/** What all sessions share. */
export interface SessionDeps extends BindDeps {
  fixed: StaticEntries;
  views: Views;
  onError: (error: unknown) => void;
  /** Told of each operation that was answered: its result code by name, and the seconds it took. */
  onOperation?: ((operation: string, result: string, seconds: number) => void) | undefined;
}

/** The way to the client. */
export interface Client {
  readonly address: string;
  /** Whether nobody on the way can listen. */
  readonly secure: boolean;
  /** Sends bytes, at the end of this turn at the latest. */
  send(bytes: Buffer): void;
  /** Lets others have their turn and waits until the client has read; false once it is gone. */
  turn(): Promise<boolean>;
  /** Ends the connection after what was sent. */
  end(): void;
  /** Says why the connection ends, and ends it. */
  disconnect(code: ResultCode, why: string): void;
  /** Goes on over TLS after what was sent. */
  secureNow(): void;
}

const READ_ONLY: Result = {
  code: ResultCode.unwillingToPerform,
  message: 'this directory is changed on the pages, over the API or with the command line',
};

/** A session. */
export class Session {
  readonly #deps: SessionDeps;
  readonly #client: Client;
  readonly #pages = new PagedSearches();
  #identity: Identity = ANONYMOUS;
  #current = 0;
  #abandoned = false;
  #code: ResultCode = ResultCode.success;

  constructor(deps: SessionDeps, client: Client) {
    this.#deps = deps;
    this.#client = client;
  }

  /** Whether anybody has proved who he is. */
  get bound(): boolean {
    return this.#identity.kind !== 'anonymous';
  }

  /** Stops the operation under way if it has this identifier. */
  abandon(id: number): void {
    if (id === this.#current) this.#abandoned = true;
  }

  /**
   * Performs an operation. What needs no waiting is done at once, without a promise.
   * @param fresh whether the directory is at least as new as the operation
   */
  perform(asked: Message | RefusedMessage, fresh: boolean): Promise<void> | undefined {
    const { onOperation } = this.#deps;
    if (!onOperation) return this.#answer(asked, fresh);
    const began = performance.now();
    this.#code = ResultCode.success;
    const op = 'result' in asked ? asked.op : asked.request.op;
    const end = () => onOperation(op, resultName(this.#code), (performance.now() - began) / 1000);
    const answering = this.#answer(asked, fresh);
    if (!answering) end();
    return answering?.finally(end);
  }

  #answer(asked: Message | RefusedMessage, fresh: boolean): Promise<void> | undefined {
    if ('result' in asked) {
      this.#finish(asked.id, asked.op, asked.result);
      return undefined;
    }
    this.#current = asked.id;
    this.#abandoned = false;
    try {
      return this.#perform(asked, fresh)?.catch((error) => this.#failed(asked, error));
    } catch (error) {
      this.#failed(asked, error);
      return undefined;
    }
  }

  #perform(asked: Message, fresh: boolean): Promise<void> | undefined {
    const { request } = asked;
    // Whoever begins to bind is nobody from then on, whatever comes of it (RFC 4511, 4.2.1).
    if (request.op === 'bind') this.#identity = ANONYMOUS;
    const view = fresh ? this.#deps.views.of(this.#identity) : undefined;
    const refusal = refusalOf(asked, fresh, this.bound && !view);
    if (refusal) {
      this.#finish(asked.id, request.op, refusal);
      if (refusal === IDENTITY_ENDED) this.#client.disconnect(refusal.code, refusal.message);
      return undefined;
    }
    switch (request.op) {
      case 'search':
        return this.#search(asked, request, view);
      case 'bind':
        return this.#bind(asked, request);
      case 'extended':
        return this.#extended(asked.id, request);
      case 'modify':
        return this.#change(asked.id, 'modify', modify(this.#changing(), request));
      case 'compare':
        this.#finish(asked.id, 'compare', compare(request, { view, fixed: this.#deps.fixed }));
        return undefined;
      case 'unbind':
        this.#client.end();
        return undefined;
      default:
        this.#finish(asked.id, request.op, READ_ONLY);
        return undefined;
    }
  }

  #finish(id: number, op: Request['op'], result: Result, controls?: Buffer): void {
    this.#code = result.code;
    const answer = response(op, result);
    if (answer) this.#client.send(message(id, answer, controls));
  }

  #failed({ id, request }: Message, error: unknown): void {
    if (error instanceof RequestFault) {
      this.#finish(id, request.op, error.result);
      return;
    }
    if (error instanceof MalformedBer) {
      this.#finish(id, request.op, { code: ResultCode.protocolError, message: 'the request cannot be read' });
      return;
    }
    this.#deps.onError(error);
    this.#finish(id, request.op, { code: ResultCode.other, message: 'internal error' });
  }

  async #bind({ id, controls }: Message, request: BindRequest): Promise<void> {
    this.#pages.clear();
    const { result, identity } = await bind(this.#deps, request, this.#client);
    this.#identity = identity;
    this.#finish(id, 'bind', result, controls.passwordPolicy ? PASSWORD_POLICY_RESPONSE : undefined);
  }

  #search(asked: Message, request: SearchRequest, view: View | undefined): Promise<void> | undefined {
    const { id, controls } = asked;
    const size = controls.paged?.size ?? 0;
    const cookie = controls.paged?.cookie;
    const kept = cookie && cookie.length > 0 ? this.#pages.take(cookie) : undefined;
    if (cookie && cookie.length > 0 && !kept) {
      this.#finish(id, 'search', { code: ResultCode.unwillingToPerform, message: 'there is no such page any more' });
      return undefined;
    }
    if (kept && view) kept.renew(view);
    const run = kept ?? beginSearch(request, { view, fixed: this.#deps.fixed });
    if (!(run instanceof SearchRun)) {
      this.#finish(id, 'search', run);
      return undefined;
    }
    const page = size > 0 ? { size, keep: (rest: SearchRun) => this.#pages.keep(rest) } : undefined;
    return answerSearch(this.#searchClient(), { id, run, seconds: request.timeLimit, ...(page ? { page } : {}) });
  }

  #searchClient() {
    const client = this.#client;
    return {
      send: (bytes: Buffer) => client.send(bytes),
      turn: async () => !this.#abandoned && (await client.turn()) && !this.#abandoned,
    };
  }

  #extended(id: number, { oid, value }: Request & { op: 'extended' }): Promise<void> | undefined {
    switch (oid) {
      case Oid.startTls:
        this.#startTls(id);
        return undefined;
      case Oid.whoAmI:
        this.#client.send(message(id, extendedResponse(SUCCESS, undefined, Buffer.from(this.#authzId()))));
        return undefined;
      case Oid.passwordModify:
        return this.#change(id, 'extended', passwordModify(this.#changing(), value));
      default:
        this.#finish(id, 'extended', { code: ResultCode.protocolError, message: 'no such extended operation' });
        return undefined;
    }
  }

  #startTls(id: number): void {
    if (this.#client.secure) {
      const result = { code: ResultCode.operationsError, message: 'TLS is in use already' };
      this.#client.send(message(id, extendedResponse(result, Oid.startTls)));
      return;
    }
    this.#client.send(message(id, extendedResponse(SUCCESS, Oid.startTls)));
    this.#client.secureNow();
  }

  async #change(id: number, op: 'extended' | 'modify', changing: Promise<Changed>): Promise<void> {
    const { result, value, identity } = await changing;
    this.#identity = identity;
    if (op === 'modify') this.#finish(id, op, result);
    else {
      this.#code = result.code;
      this.#client.send(message(id, extendedResponse(result, undefined, value)));
    }
  }

  #changing() {
    const { passwords, directory } = this.#deps;
    const person = this.#identity.kind === 'person' ? this.#deps.views.person(this.#identity) : undefined;
    const username = person?.record.username;
    return { passwords, names: directory.names, identity: this.#identity, username, address: this.#client.address };
  }

  /** Who the client is (RFC 4513, 5.2.1.8); empty for nobody in particular. */
  #authzId(): string {
    const { names } = this.#deps.directory;
    const identity = this.#identity;
    if (identity.kind === 'container') return `dn:${names.service(identity.containerId)}`;
    const person = identity.kind === 'person' ? this.#deps.views.person(identity) : undefined;
    return person ? `dn:${names.person(person.record.username)}` : '';
  }
}

/** Suspended, removed, or with another password since: clients that connect anew learn what holds now. */
const IDENTITY_ENDED = {
  code: ResultCode.strongerAuthRequired,
  message: 'the account that this connection was bound with is not valid any more',
};

/** What refuses an operation whatever it asks for. */
function refusalOf(
  { request, controls }: Message,
  fresh: boolean,
  ended: boolean,
): (Result & { message: string }) | undefined {
  if (request.op === 'unbind') return undefined;
  if (controls.unknownCritical !== undefined) {
    const text = `the control ${controls.unknownCritical} is not supported`;
    return { code: ResultCode.unavailableCriticalExtension, message: text };
  }
  if (!fresh && needsDirectory(request))
    return { code: ResultCode.unavailable, message: 'the database does not answer' };
  return fresh && ended ? IDENTITY_ENDED : undefined;
}

/** Whether an operation can only be answered by one who knows how things are. */
function needsDirectory(request: Request): boolean {
  if (request.op === 'extended') return request.oid !== Oid.startTls;
  return !(request.op === 'search' && request.scope === 'base' && request.base === '');
}
