import { createHmac } from 'node:crypto';
import * as z from 'zod';
import type { AddressRecord, AddressType, DnsDeps, DnsProvider, TxtRecord } from './dns-provider.ts';
import { foreign, refused, unable } from './failures.ts';
import { callHttp } from './http-call.ts';

/** What is no secret of it. */
export const webhookSettings = z.object({ url: z.string() });

/** How the program says that a name has records of somebody else's. */
const CONFLICT = 409;

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
 * call cannot be made again: `X-Berth-Signature: sha256=HEX`. Of A, AAAA and CNAME records a name has one of each from
 * us at most, which "present" replaces.
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
    if (status === CONFLICT) throw foreign(order.name, text.trim() || 'other records');
    const later = status >= 500 || status === 429;
    throw (later ? unable : refused)(who, `status ${status}. ${text}`, retryAfterSeconds);
  };
  return {
    async addTxt(record, signal) {
      await call(orderOf('present', { type: 'TXT', ...record }), signal);
      return '{}';
    },
    removeTxt: (record, _, signal) => call(orderOf('remove', { type: 'TXT', ...record }), signal),
    addresses: {
      // Only the program knows what is there.
      find: () => Promise.resolve([]),
      async put(record, signal) {
        await call(orderOf('present', record), signal);
        return '{}';
      },
      remove: (record, _, signal) => call(orderOf('remove', record), signal),
    },
  };
}

function orderOf(action: Order['action'], record: AddressRecord | (TxtRecord & { type: 'TXT' })): Order {
  const { fqdn, type, value, ttlSeconds } = record;
  return { action, type, name: fqdn, value, ttl: ttlSeconds };
}
