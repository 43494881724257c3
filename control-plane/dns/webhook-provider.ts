import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { AddressType, DnsDeps, DnsProvider } from './dns-provider.ts';
import { refused, unable } from './failures.ts';
import { callHttp } from './http-call.ts';

/** What is no secret of it. */
export const webhookSettings = z.object({ url: z.string() });

interface Order {
  action: 'present' | 'remove';
  type: 'TXT' | AddressType;
  name: string;
  value: string;
  /** Seconds. */
  ttl: number;
}

/**
 * A program of the administrator's own. The signature is over the body, which says when it was made, so that an old
 * call cannot be made again: `X-Berth-Signature: sha256=HEX`.
 */
export function openWebhook({ clock }: DnsDeps, { url }: z.infer<typeof webhookSettings>, secret: string): DnsProvider {
  const target = new URL(url);
  const who = `The program at ${target.host}`;
  const call = async (order: Order, signal: AbortSignal) => {
    const body = JSON.stringify({ ...order, time: new Date(clock.now()).toISOString() });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-berth-signature': `sha256=${signature}` };
    const sent = { url: target, method: 'POST' as const, headers, body };
    const { status, text, retryAfterSeconds } = await callHttp(clock, who, sent, signal);
    if (status >= 200 && status < 300) return;
    const later = status >= 500 || status === 429;
    throw (later ? unable : refused)(who, `status ${status}. ${text}`, retryAfterSeconds);
  };
  const order = (action: Order['action'], fqdn: string, value: string, ttl: number): Order => {
    return { action, type: 'TXT', name: fqdn, value, ttl };
  };
  return {
    async addTxt({ fqdn, value, ttlSeconds }, signal) {
      await call(order('present', fqdn, value, ttlSeconds), signal);
      return '{}';
    },
    removeTxt: ({ fqdn, value, ttlSeconds }, _, signal) => call(order('remove', fqdn, value, ttlSeconds), signal),
  };
}
