import type { Random } from '@berth/proto/contract/random.ts';

/** Share of a certificate's life after which it is renewed: at random in between, so that a fleet does not renew at once. */
const EARLIEST = 0.6;
const LATEST = 0.75;

/**
 * When to renew a certificate, milliseconds since the Unix epoch: 60–75 % into its life, or earlier if the control
 * plane asks for that. What it asks outside the certificate's life is not believed.
 * @param askedMs the control plane's wish; 0 for none
 */
export function renewalTime(
  life: { notBeforeMs: number; notAfterMs: number },
  askedMs: number,
  random: Random,
): number {
  const share = EARLIEST + (LATEST - EARLIEST) * random();
  const own = life.notBeforeMs + share * (life.notAfterMs - life.notBeforeMs);
  return Math.floor(askedMs > life.notBeforeMs ? Math.min(own, askedMs) : own);
}
