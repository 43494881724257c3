/**
 * When to renew. An authority that gives renewal information says so (RFC 9773); where none does, it is at two thirds
 * of a certificate's life, as lives are to fall to 47 days and less, give or take a little, so that what was issued
 * together is not renewed together.
 */
import type { Random } from '@berth/proto/contract/random.ts';
import * as z from 'zod';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When to do something, and why then. */
export interface Appointment {
  /** Milliseconds since the epoch. */
  at: number;
  reason: string;
}

/**
 * No certificate is replaced sooner after it was issued than this, whatever its authority suggests: one that always
 * suggests the past would be asked for a new one without end. An hour, or a twentieth of a short life.
 */
export function soonest({ from, until }: Life): number {
  return from + Math.min(HOUR, (until - from) / 20);
}

/** From when on a certificate is served and when it ends, milliseconds since the epoch. */
export interface Life {
  from: number;
  until: number;
}

/** A suggestion of the authority's. */
export interface RenewalInfo {
  start: number;
  end: number;
  /** Page that explains it; usually empty. */
  explanationUrl: string;
  /** Milliseconds after which it wants to be asked again, if it said. */
  retryAfterMs: number | undefined;
}

const JITTER = 1 / 30;
/** Bounds on what an authority may ask for (RFC 9773, 4.3.2). */
const LOOK = { leastMs: MINUTE, mostMs: 24 * HOUR, usualMs: 6 * HOUR };
const MAX_URL = 500;
/** Why a time was chosen within a window. */
export const SUGGESTED = 'the authority suggests it (ARI)';

/** Two thirds of a life, give or take a thirtieth. */
export function twoThirds({ from, until }: Life, random: Random): Appointment {
  const share = 2 / 3 + JITTER * (2 * random() - 1);
  return { at: Math.round(from + (until - from) * share), reason: 'two thirds of its life' };
}

const shape = z.object({
  suggestedWindow: z.object({ start: z.string(), end: z.string() }),
  explanationURL: z.string().optional().catch(undefined),
  retryAfterMs: z.number().optional(),
});

/** Reads what an authority says (RFC 9773, 4.2); undefined for what is to be taken for no answer. */
export function parseRenewalInfo(data: unknown): RenewalInfo | undefined {
  const parsed = shape.safeParse(data);
  if (!parsed.success) return undefined;
  const { suggestedWindow: window, explanationURL, retryAfterMs } = parsed.data;
  const [start, end] = [Date.parse(window.start), Date.parse(window.end)];
  // "A RenewalInfo object in which the end timestamp equals or precedes the start timestamp is invalid."
  if (!(start < end)) return undefined;
  const explanationUrl = isPage(explanationURL) ? explanationURL : '';
  return { start, end, explanationUrl, retryAfterMs };
}

function isPage(url: string | undefined): url is string {
  return url !== undefined && url.length <= MAX_URL && /^https?:\/\//i.test(url) && URL.canParse(url);
}

/**
 * A time in the window, uniform over it; one chosen before that lies in the window stays, for choosing again at each
 * look would draw every renewal towards the window's start. What lies in the past means now.
 */
export function withinWindow({ start, end }: RenewalInfo, chosen: number, random: Random): Appointment {
  const at = chosen >= start && chosen <= end ? chosen : Math.round(start + (end - start) * random());
  return { at, reason: SUGGESTED };
}

/**
 * When to look at renewal information again: when the authority says, within bounds; else after six hours, or a
 * twentieth of a life that is short.
 */
export function nextLook(now: number, life: Life, retryAfterMs: number | undefined): number {
  const usual = Math.min(LOOK.usualMs, (life.until - life.from) / 20);
  const wait = Math.min(Math.max(retryAfterMs ?? usual, LOOK.leastMs), LOOK.mostMs);
  return Math.round(now + wait);
}
