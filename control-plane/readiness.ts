/**
 * Whether this replica can do its work. Alive it is as long as it answers at all; ready once the store answers, the
 * operations run and all listens, and not any more from the moment it is to stop, so that whoever spreads calls over
 * replicas takes others.
 */

/** One thing that must be so; its name is for administrators. */
export interface ReadinessCheck {
  name: string;
  /** @throws what is wrong */
  look(): Promise<void> | void;
}

/** What was found. */
export interface Readiness {
  ready: boolean;
  checks: { name: string; ok: boolean; error: string }[];
}

/** Milliseconds after which what does not answer counts as wrong. */
const PATIENCE_MS = 3_000;

/** The readiness of one replica. */
export class ReadinessProbe {
  readonly #checks: ReadinessCheck[] = [];
  #phase: 'starting' | 'serving' | 'stopping' = 'starting';
  #looking: Promise<Readiness> | undefined;

  /** Adds something that must be so. */
  require(name: string, look: ReadinessCheck['look']): void {
    this.#checks.push({ name, look });
  }

  /** Everything has been started. */
  serving(): void {
    this.#phase = 'serving';
  }

  /** It is to stop. */
  stopping(): void {
    this.#phase = 'stopping';
  }

  /** Whether it is ready now. */
  async ready(): Promise<boolean> {
    return (await this.look()).ready;
  }

  /** Looks at everything; many who ask at once cost one look. */
  look(): Promise<Readiness> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<Readiness> {
    const phase = this.#phase;
    const checks = await Promise.all(this.#checks.map(outcomeOf));
    checks.unshift({ name: 'process', ok: phase === 'serving', error: phase === 'serving' ? '' : phase });
    return { ready: checks.every(({ ok }) => ok), checks };
  }
}

async function outcomeOf({ name, look }: ReadinessCheck): Promise<Readiness['checks'][number]> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE_MS);
  try {
    await Promise.race([(async () => look())(), late]);
    return { name, ok: true, error: '' };
  } catch (error) {
    return { name, ok: false, error: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
