import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { Authority, ServerIdentity } from './ca.ts';

const LIFE_MS = 30 * 86_400_000;
const RETRY_MS = 60_000;
// Timers of a machine hold no more than 2^31 - 1 ms.
const LONGEST_WAIT_MS = 86_400_000;

/** The certificate of the control plane's listeners, always a valid one. */
export interface ServerCertificate {
  /** The one to use now. */
  current(): ServerIdentity;
  /** Calls `listener` with each new one; the returned function ends that. */
  onChange(listener: (identity: ServerIdentity) => void): () => void;
  stop(): void;
}

/** What keeping a certificate needs. */
export interface ServerCertificateOptions {
  authority: Authority;
  clock: Clock;
  random: Random;
  /** DNS names and IP literals under which the control plane is reached, at least one. */
  names: readonly string[];
  onError(error: unknown): void;
}

/** Issues the certificate and renews it, with a new key, between 60 and 75 % of its life, while the process runs. */
export async function keepServerCertificate(options: ServerCertificateOptions): Promise<ServerCertificate> {
  const { authority, clock, random, names, onError } = options;
  const listeners = new Set<(identity: ServerIdentity) => void>();
  let identity = await authority.issueServer(names, LIFE_MS);
  let cancel = () => {};
  const renewal = () => clock.now() + (identity.notAfter - clock.now()) * (0.6 + 0.15 * random());
  const wait = (until: number) => {
    const left = until - clock.now();
    cancel =
      left > LONGEST_WAIT_MS
        ? clock.after(LONGEST_WAIT_MS, () => wait(until))
        : clock.after(Math.max(0, left), () => void renew());
  };
  const renew = async () => {
    try {
      identity = await authority.issueServer(names, LIFE_MS);
      for (const listener of listeners) listener(identity);
      wait(renewal());
    } catch (error) {
      onError(error);
      wait(clock.now() + RETRY_MS);
    }
  };
  wait(renewal());
  return {
    current: () => identity,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => cancel(),
  };
}
