import * as z from 'zod';
import type { DnsDeps, DnsProvider } from './dns-provider.ts';
import { refused, unable } from './failures.ts';
import { callHttp } from './http-call.ts';

/** What is no secret of it. */
export const acmeDnsSettings = z.object({ apiUrl: z.string(), username: z.string(), subdomain: z.string() });

/** How a refusal is worded: {"error":"forbidden"}. */
const refusal = z.object({ error: z.string() });

/**
 * An acme-dns server. Its one name keeps the last two values it was given, which is what a certificate for a domain and
 * its wildcard takes at once; there is nothing to take away, for the next values push these out.
 */
export function openAcmeDns(
  { clock }: DnsDeps,
  { apiUrl, username, subdomain }: z.infer<typeof acmeDnsSettings>,
  password: string,
): DnsProvider {
  const base = new URL(apiUrl);
  const who = `The acme-dns server ${base.host}`;
  const headers = { 'x-api-user': username, 'x-api-key': password, 'content-type': 'application/json' };
  return {
    async addTxt({ value }, signal) {
      const url = new URL(`${base.pathname.replace(/\/$/, '')}/update`, base);
      const body = JSON.stringify({ subdomain, txt: value });
      const { status, text } = await callHttp(clock, who, { url, method: 'POST', headers, body }, signal);
      if (status === 200) return '{}';
      throw (status >= 500 ? unable : refused)(who, `${errorOf(text)} (status ${status}).`);
    },
    removeTxt: () => Promise.resolve(),
  };
}

function errorOf(text: string): string {
  try {
    return refusal.parse(JSON.parse(text)).error;
  } catch {
    return text;
  }
}
