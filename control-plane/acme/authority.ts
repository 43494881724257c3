/**
 * One authority as one account sees it. acme-client makes and signs what is sent (RFC 8555, RFC 7515); the transport
 * under it is ours, so that trust is per account, an answer's own words and its Retry-After are kept, and whoever
 * orders decides about retries. What acme-client does not know is done here: the list of orders and renewal
 * information (RFC 9773).
 */
import { Client } from 'acme-client';
import * as z from 'zod';
import { AcmeProblem, AcmeUnreachable, parseProblem } from './problem.ts';
import type { AcmeAnswer, AcmeTransport } from './transport.ts';

const challengeShape = z.object({
  type: z.string(),
  url: z.string(),
  status: z.string(),
  token: z.string().default(''),
  error: z.unknown().optional(),
});
const authorizationShape = z.object({
  status: z.string(),
  identifier: z.object({ type: z.string(), value: z.string() }),
  challenges: z.array(challengeShape),
});
const orderShape = z.object({
  url: z.string(),
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  identifiers: z.array(z.object({ type: z.string(), value: z.string() })),
  authorizations: z.array(z.string()),
  finalize: z.string(),
  certificate: z.string().optional(),
  error: z.unknown().optional(),
});

/** An order as the authority tells it (RFC 8555, 7.1.3). */
export type AcmeOrder = z.infer<typeof orderShape>;
/** Whether one name is ours (RFC 8555, 7.1.4). */
export type AcmeAuthorization = z.infer<typeof authorizationShape> & { url: string };
/** A way to show it (RFC 8555, 7.1.5). */
export type AcmeChallenge = z.infer<typeof challengeShape>;

/** What acme-client is at bottom; its types do not tell, so this holds for the pinned version alone. */
interface AtBottom {
  http: {
    request(url: string, method: string, options?: { data?: unknown }): Promise<AcmeAnswer>;
    signedRequest(url: string, payload: unknown, options: { kid?: string | null }): Promise<AcmeAnswer>;
    getDirectory(): Promise<Record<string, unknown>>;
    getResourceUrl(resource: string): Promise<string>;
  };
}

export interface AuthorityOptions {
  directoryUrl: string;
  /** PEM. */
  accountKey: string;
  /** Empty until it is registered. */
  accountUrl: string;
  externalAccountBinding?: { kid: string; hmacKey: string } | undefined;
  transport: AcmeTransport;
}

const MOST_ORDERS = 1_000;
const JOSE = { 'Content-Type': 'application/jose+json' };

/** Speaks ACME in the name of one account. Each call throws AcmeProblem or AcmeUnreachable. */
export class Authority {
  readonly #transport: AcmeTransport;
  readonly #client: Client;
  readonly #http: AtBottom['http'];
  #listed: { began: number; orders: Promise<AcmeOrder[]> } | undefined;

  constructor({ directoryUrl, accountKey, accountUrl, externalAccountBinding, transport }: AuthorityOptions) {
    this.#transport = transport;
    this.#client = new Client({
      directoryUrl,
      accountKey,
      ...(accountUrl && { accountUrl }),
      ...(externalAccountBinding && { externalAccountBinding }),
    });
    this.#http = (this.#client as unknown as AtBottom).http;
    this.#http.request = (url, method, options) => transport.request(url, method, { ...options, headers: JOSE });
  }

  close(): void {
    this.#transport.close();
  }

  /** Milliseconds after which the authority wants to be asked for a URL again, as far as it said. */
  retryAfter(url: string): number | undefined {
    return this.#transport.retryAfter(url);
  }

  /** Registers the account, or finds it by its key and brings its contact up to date. @returns its URL */
  async register(email: string, termsAgreed: boolean): Promise<string> {
    const contact = email === '' ? [] : [`mailto:${email}`];
    await sensible(this.#client.createAccount({ contact, ...(termsAgreed && { termsOfServiceAgreed: true }) }));
    return this.#client.getAccountUrl();
  }

  /** Whether it takes and gives renewal information (RFC 9773). */
  async hasRenewalInfo(): Promise<boolean> {
    return typeof (await sensible(this.#http.getDirectory())).renewalInfo === 'string';
  }

  /** What it says of when to renew. @param ariId see `ariId` */
  async renewalInfo(ariId: string): Promise<unknown> {
    const base = await sensible(this.#http.getResourceUrl('renewalInfo'));
    const url = `${base.replace(/\/$/, '')}/${ariId}`;
    const { data } = await this.#transport.request(url, 'get');
    return { ...Object(data), retryAfterMs: this.#transport.retryAfter(url) };
  }

  /** Asks for a certificate. @param replaces ARI identifier of the one it takes the place of; empty for none */
  async newOrder(dnsNames: readonly string[], replaces: string): Promise<AcmeOrder> {
    const identifiers = dnsNames.map((value) => ({ type: 'dns', value }));
    return this.#order(this.#client.createOrder({ identifiers, ...(replaces && { replaces }) }));
  }

  async order(url: string): Promise<AcmeOrder> {
    const { data } = await this.#get(url);
    return this.#order(Promise.resolve({ ...Object(data), url }));
  }

  /**
   * The account's orders that are not over, where the authority lists them (RFC 8555, 7.1.2.1); not all do. After a
   * crash many ask at once, and each order in the list is a request, so they share one look that began late enough.
   * @param since milliseconds since the epoch; what was ordered before stands in the list
   */
  openOrders(since: number, now: number): Promise<AcmeOrder[]> {
    if (this.#listed === undefined || this.#listed.began < since) {
      const orders = this.#listOpen();
      this.#listed = { began: now, orders };
      orders.catch(() => {
        this.#listed = undefined;
      });
    }
    return this.#listed.orders;
  }

  async #listOpen(): Promise<AcmeOrder[]> {
    const { data } = await this.#get(this.#client.getAccountUrl());
    let next: string | undefined = z.object({ orders: z.string() }).safeParse(data).data?.orders;
    const open: AcmeOrder[] = [];
    const seen = new Set<string>();
    while (next !== undefined && !seen.has(next) && seen.size < MOST_ORDERS) {
      seen.add(next);
      const page: AcmeAnswer = await this.#get(next);
      const urls = z.object({ orders: z.array(z.string()) }).safeParse(page.data).data?.orders ?? [];
      for (const url of urls) {
        const order = await this.order(url);
        if (order.status === 'pending' || order.status === 'ready') open.push(order);
      }
      next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(page.headers.link ?? '')?.[1];
    }
    return open;
  }

  async authorization(url: string): Promise<AcmeAuthorization> {
    const { data } = await this.#get(url);
    return { ...understood(authorizationShape, data), url };
  }

  /** What shows that a name is ours: the key authorization, or with DNS-01 the value of the record. */
  answerTo({ type, token, url }: AcmeChallenge): Promise<string> {
    const status = 'pending' as const;
    if (type !== 'http-01' && type !== 'dns-01') throw new AcmeUnreachable(`There is no answer to ${type}.`);
    return this.#client.getChallengeKeyAuthorization({ type, token, url, status });
  }

  /** Tells the authority to look. */
  async accept({ url }: AcmeChallenge): Promise<void> {
    await this.#post(url, {});
  }

  /** Hands over the request for the certificate. @param csr base64url of its DER form */
  async finalize(order: AcmeOrder, csr: string): Promise<AcmeOrder> {
    const { data } = await this.#post(order.finalize, { csr });
    return this.#order(Promise.resolve({ ...Object(data), url: order.url }));
  }

  /** The certificate of a valid order, PEM chain, leaf first. */
  async certificate({ certificate = '' }: AcmeOrder): Promise<string> {
    const { data } = await this.#get(certificate);
    if (typeof data !== 'string') throw new AcmeUnreachable('The authority sent no certificate.');
    return data;
  }

  /** Revokes a certificate of the account (RFC 8555, 7.6). @param certificate base64url of its DER form */
  async revoke(certificate: string, reason: number): Promise<void> {
    await this.#post(await sensible(this.#http.getResourceUrl('revokeCert')), { certificate, reason });
  }

  /** The same, signed by the certificate's own key, for which no account is needed. */
  async revokeByKey(certificate: string, reason: number): Promise<void> {
    const url = await sensible(this.#http.getResourceUrl('revokeCert'));
    settled(await sensible(this.#http.signedRequest(url, { certificate, reason }, { kid: null })));
  }

  #get(url: string): Promise<AcmeAnswer> {
    return this.#post(url, null);
  }

  async #post(url: string, payload: unknown): Promise<AcmeAnswer> {
    const kid = this.#client.getAccountUrl();
    return settled(await sensible(this.#http.signedRequest(url, payload, { kid })));
  }

  async #order(answer: Promise<unknown>): Promise<AcmeOrder> {
    return understood(orderShape, await sensible(answer));
  }
}

/** acme-client gives back a bad nonce once it has tried it often enough. */
function settled(answer: AcmeAnswer): AcmeAnswer {
  if (answer.status >= 400) throw new AcmeProblem(answer.status, parseProblem(answer.data));
  return answer;
}

/** What acme-client throws by itself is about answers that make no sense. */
async function sensible<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AcmeProblem || error instanceof AcmeUnreachable) throw error;
    throw new AcmeUnreachable(error instanceof Error ? error.message : String(error), error);
  }
}

function understood<T>(shape: z.ZodType<T>, data: unknown): T {
  const parsed = shape.safeParse(data);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0];
  throw new AcmeUnreachable(`The authority's answer makes no sense: ${at?.path.join('.')} ${at?.message}`);
}
