/**
 * Tells the webhook of warnings: a POST of JSON, signed over its body, which says when it was written. It is told until
 * it answers with a status of 2xx, at most a day long; what it answered last is on the settings page.
 */
import { createHmac } from 'node:crypto';
import { fullJitter } from '@berth/proto/contract/backoff.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { claimWarning, type HookOutcome, settleWarning } from '../store/certificate-warnings.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { readWarningHook } from './warning-settings.ts';

const ANSWER_MS = 15_000;
const LEASE_MS = 60_000;
const KEEP_TRYING_MS = 24 * 3_600_000;
const BACKOFF = { baseMs: 10_000, capMs: 3_600_000 };
const LEAST_WAIT_MS = 1_000;
const MAX_WORDS = 300;

/** Makes the calls that are due. */
export async function tellWebhook({ store, random }: { store: Store; random: Random }): Promise<void> {
  const hook = await readWarningHook(store);
  if (!hook) return;
  for (let row = await claimWarning(store, LEASE_MS); row; row = await claimWarning(store, LEASE_MS)) {
    await settleWarning(store, row, await call(store, random, hook, row));
  }
}

async function call(
  { clock }: Store,
  random: Random,
  { url, secret }: { url: string; secret: string },
  { body, hook_attempts, created_at }: Row<'certificate_warnings'>,
): Promise<HookOutcome> {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Berth',
    'x-berth-signature': `sha256=${signature}`,
  };
  try {
    // No redirect is followed: what is told is for this address alone.
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (answer.ok) return { state: 'sent' };
    throw new Error(`status ${answer.status}. ${(await answer.text()).slice(0, MAX_WORDS)}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const words = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/[\p{Cc}]+/gu, ' ');
    const nextAt = clock.now() + Math.max(LEAST_WAIT_MS, fullJitter(BACKOFF, hook_attempts - 1, random));
    const over = nextAt > created_at + KEEP_TRYING_MS;
    return { state: over ? 'failed' : 'queued', error: `The webhook was not told: ${words}`, nextAt };
  }
}
