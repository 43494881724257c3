import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { DnsDeps } from './dns-provider.ts';
import { LookUp } from './look-up.ts';
import { mayBeAsked } from './reachable-address.ts';

const PATH = '/.well-known/berth-verification';
const MOST_BYTES = 1_024;
const MOST_REDIRECTS = 3;

/**
 * Reads what a domain's web server says at the well-known place. Only an address that the name itself has is asked, and
 * a redirect is followed within the same host name only, to https too: whose certificate is not looked at, as the name
 * is shown to lead there just as well without.
 * @returns the text without white space around it
 * @throws Error whose message says why there is none, without a word of the answer
 */
export async function fetchProof({ dns }: DnsDeps, name: string, signal: AbortSignal): Promise<string> {
  const address = await addressOf({ dns }, name, signal);
  const first = new URL(`http://${name}:${dns.httpPort ?? 80}${PATH}`);
  let url = first;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const response = await get(url, address, signal);
    const next = redirectOf(response, url, first);
    if (!next) return readText(response);
    response.destroy();
    url = next;
  }
  throw new Error('it redirects too often');
}

async function addressOf({ dns }: Pick<DnsDeps, 'dns'>, name: string, signal: AbortSignal): Promise<string> {
  const addresses = await new LookUp(dns.resolvers, signal).addresses(name);
  if (addresses.length === 0) throw new Error('the name has no address');
  const allowed = addresses.find((address) => mayBeAsked(address, dns.closedNetwork));
  if (allowed === undefined) throw new Error('the name leads to an address that is not of the public Internet');
  return allowed;
}

function get(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      host: address,
      port: url.port || (url.protocol === 'https:' ? 443 : 80),
      path: url.pathname + url.search,
      headers: { host: url.host, 'user-agent': 'Berth', connection: 'close' },
      agent: false,
      signal,
    };
    const secure = { ...options, servername: url.hostname, rejectUnauthorized: false };
    const request: ClientRequest =
      url.protocol === 'https:' ? requestSecure(secure, resolve) : requestPlain(options, resolve);
    request.once('error', (error) => reject(signal.aborted ? signal.reason : error));
    request.end();
  });
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL, first: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const to = URL.parse(headers.location ?? '', from.href);
  const ports = to?.protocol === 'https:' ? ['', first.port] : [first.port];
  const known =
    to && ['http:', 'https:'].includes(to.protocol) && to.hostname === first.hostname && ports.includes(to.port);
  if (!known) throw new Error('it redirects to another host');
  return to;
}

async function readText(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`it answers with status ${response.statusCode}`);
  }
  let text = '';
  for await (const chunk of response.setEncoding('latin1')) {
    text += chunk;
    if (text.length > MOST_BYTES) throw new Error('its answer is too long');
  }
  return text.trim();
}
