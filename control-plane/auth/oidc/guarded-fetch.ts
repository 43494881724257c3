import type { CustomFetch } from 'openid-client';
import { isAllowedUrl } from './allowed-url.ts';

/** Largest answer of a provider that is read. */
const MAX_BYTES = 1 << 20;

/**
 * `fetch` for what providers serve: only where Berth may talk to, whatever their configuration names, and no answer
 * that does not end. The caller's signal limits the time, of the body too.
 * @throws Error on an address or an answer that is refused
 */
export const guardedFetch: CustomFetch = async (url, options) => {
  if (!isAllowedUrl(new URL(url))) throw new Error(`${url} is neither https nor on loopback`);
  const response = await fetch(url, options as RequestInit);
  const { status, statusText, headers } = response;
  const body = response.body ? await bounded(response.body, url) : null;
  return new Response(body, { status, statusText, headers });
};

async function bounded(body: ReadableStream<Uint8Array<ArrayBuffer>>, url: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`${url} answers with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
