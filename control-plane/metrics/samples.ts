import { Counter, Gauge, Registry } from 'prom-client';
import type { Definitions } from './definition.ts';

type Labels = Record<string, string>;

/** Values of figures at one moment, put together for one answer. */
export class Samples<D extends Definitions> {
  readonly #definitions: D;
  readonly #values = new Map<keyof D, [Labels, number][]>();

  constructor(definitions: D) {
    this.#definitions = definitions;
  }

  /** Puts a value in; what is no number, or below zero, is left out, for some of it comes from other hosts. */
  put(name: keyof D & string, labels: Labels, value: number): void {
    if (!(value >= 0 && Number.isFinite(value))) return;
    const known = this.#values.get(name);
    if (known) known.push([labels, value]);
    else this.#values.set(name, [[labels, value]]);
  }

  /** As text in the Prometheus exposition format. */
  async text(): Promise<string> {
    const registry = new Registry();
    for (const [name, values] of this.#values) {
      const { type, help, labels } = this.#definitions[name] as D[keyof D];
      const options = { name: String(name), help, labelNames: [...labels], registers: [registry] };
      if (type === 'counter') {
        const metric = new Counter(options);
        for (const [at, value] of values) metric.inc(at, value);
      } else {
        const metric = new Gauge(options);
        for (const [at, value] of values) metric.set(at, value);
      }
    }
    return registry.metrics();
  }
}
