/**
 * Stand-ins for services that cannot be had here: Cloudflare's API and an acme-dns server. They answer as their
 * documentation says (statuses, shapes, codes of errors), as far as Berth uses them, and nothing of them was tried
 * against the real ones. And a program that takes webhooks.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on loopback. */
export interface FakeApi {
  readonly url: string;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

async function serve(answer: (request: IncomingMessage, body: string) => Answer): Promise<FakeApi> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { status, body: content, headers = {} } = answer(request, body);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof content === 'string' ? content : JSON.stringify(content));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** A record at the stand-in for Cloudflare. */
export interface FakeRecord {
  id: string;
  type: string;
  name: string;
  content: string;
  ttl: number;
  comment: string | null;
}

/** The stand-in for Cloudflare. */
export interface FakeCloudflare extends FakeApi {
  readonly zones: string[];
  readonly records: FakeRecord[];
  /** What to answer next instead. */
  readonly faults: Answer[];
}

const TOKEN = 'a-token-of-cloudflare';
/** What the stand-in takes for right. */
export const CLOUDFLARE_TOKEN = TOKEN;

/** Starts it. @param zones their names @param perPage records a page at most, whatever is asked for */
export async function startFakeCloudflare(zones: string[], perPage = 2): Promise<FakeCloudflare> {
  const records: FakeRecord[] = [];
  const faults: Answer[] = [];
  let made = 0;
  const api = await serve((request, body) => {
    const fault = faults.shift();
    if (fault) return fault;
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return failure(403, 9109, 'Invalid access token');
    const url = new URL(request.url ?? '', 'http://api');
    const [, , , list, zone = '', , id = ''] = url.pathname.split('/');
    if (list !== 'zones') return failure(404, 7003, 'Could not route to the request');
    if (zone === '') return paged(url, zonesNamed(zones, url.searchParams.get('name')), perPage);
    if (request.method === 'GET') return paged(url, at(records, url.searchParams.get('name.exact')), perPage);
    const change: Partial<FakeRecord> = body === '' ? {} : JSON.parse(body);
    if (request.method === 'POST') {
      made += 1;
      return create(records, { id: `rec${made}`, comment: null, ...change } as FakeRecord);
    }
    const known = records.find((record) => record.id === id);
    if (!known) return failure(404, 81044, 'Record does not exist.');
    if (request.method === 'DELETE') records.splice(records.indexOf(known), 1);
    else Object.assign(known, change);
    return success(known);
  });
  return { ...api, url: `${api.url}/client/v4`, zones, records, faults };
}

function zonesNamed(zones: readonly string[], name: string | null) {
  return zones.filter((zone) => zone === name).map((zone) => ({ id: `zone-${zone}`, name: zone }));
}

function at(records: readonly FakeRecord[], name: string | null): FakeRecord[] {
  return records.filter((record) => record.name === name);
}

function create(records: FakeRecord[], record: FakeRecord): Answer {
  const others = at(records, record.name);
  if (others.some(({ type, content }) => type === record.type && content === record.content)) {
    return failure(400, 81058, 'An identical record already exists.');
  }
  const alias = (type: string) => type === 'CNAME';
  const clash = others.find(({ type }) => alias(type) || (alias(record.type) && ['A', 'AAAA'].includes(type)));
  if (clash) return failure(400, 81053, 'An A, AAAA, or CNAME record with that host already exists.');
  records.push(record);
  return success(record);
}

function success(result: unknown): Answer {
  return { status: 200, body: { success: true, errors: [], messages: [], result } };
}

function failure(status: number, code: number, message: string): Answer {
  return { status, body: { success: false, errors: [{ code, message }], messages: [], result: null } };
}

function paged(url: URL, all: readonly unknown[], perPage: number): Answer {
  const page = Number(url.searchParams.get('page') ?? '1');
  const result = all.slice((page - 1) * perPage, page * perPage);
  const counts = { count: result.length, total_count: all.length, total_pages: Math.ceil(all.length / perPage) };
  const info = { page, per_page: perPage, ...counts };
  return { status: 200, body: { success: true, errors: [], messages: [], result, result_info: info } };
}

/** The stand-in for acme-dns. */
export interface FakeAcmeDns extends FakeApi {
  /** The last two values. */
  readonly values: string[];
}

/** What its registration told. */
export const ACME_DNS_ACCOUNT = { username: 'eabcdb41', subdomain: '8e5700ea', password: 'htB9mR9DYgcu9bX' };

export async function startFakeAcmeDns(): Promise<FakeAcmeDns> {
  const values: string[] = [];
  const api = await serve((request, body) => {
    const { username, subdomain, password } = ACME_DNS_ACCOUNT;
    const { 'x-api-user': user, 'x-api-key': key } = request.headers;
    if (request.url !== '/api/update') return { status: 404, body: '404 page not found\n' };
    const asked = JSON.parse(body);
    if (user !== username || key !== password || asked.subdomain !== subdomain) {
      return { status: 401, body: { error: 'forbidden' } };
    }
    if (!/^[\w-]{43}$/.test(asked.txt)) return { status: 400, body: { error: 'bad_txt' } };
    values.unshift(asked.txt);
    values.splice(2);
    return { status: 200, body: { txt: asked.txt } };
  });
  return { ...api, url: `${api.url}/api`, values };
}

/** A program that takes webhooks. */
export interface FakeWebhook extends FakeApi {
  readonly orders: Record<string, unknown>[];
  /** What to answer next instead of 204. */
  readonly faults: Answer[];
}

export const WEBHOOK_KEY = 'a key of sixteen and more';

/** Starts one that refuses what is not signed. */
export async function startFakeWebhook(): Promise<FakeWebhook> {
  const orders: Record<string, unknown>[] = [];
  const faults: Answer[] = [];
  const api = await serve((request, body) => {
    const signature = createHmac('sha256', WEBHOOK_KEY).update(body).digest('hex');
    if (request.headers['x-berth-signature'] !== `sha256=${signature}`) return { status: 401, body: 'Who are you?' };
    const fault = faults.shift();
    if (fault) return fault;
    orders.push(JSON.parse(body));
    return { status: 204, body: '' };
  });
  return { ...api, url: `${api.url}/dns`, orders, faults };
}
