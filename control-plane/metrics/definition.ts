/**
 * What there is to measure, as data: the figures themselves, their documentation and its test come from these tables.
 * Names and units follow Prometheus: seconds, bytes, `_total` for what only grows. Labels take no text of people's but
 * the names of sites, agents and nodes, so their number is bounded by what administrators set up.
 */

/** One figure. */
export interface Definition {
  type: 'counter' | 'gauge' | 'histogram';
  /** One sentence, in plain words. */
  help: string;
  labels: readonly string[];
  /** Upper bounds in seconds, for histograms. */
  buckets?: readonly number[];
}

/** Figures by name. */
export type Definitions = Record<string, Definition>;

/** A counter. */
export const counter = (help: string, ...labels: string[]): Definition => ({ type: 'counter', help, labels });

/** A value that goes up and down. */
export const gauge = (help: string, ...labels: string[]): Definition => ({ type: 'gauge', help, labels });

/** Durations in seconds. @param buckets upper bounds */
export const durations = (help: string, buckets: readonly number[], ...labels: string[]): Definition => ({
  type: 'histogram',
  help,
  labels,
  buckets,
});

/** Bounds for what takes milliseconds, for what people wait for, and for what takes its time. */
export const QUICK = [0.0005, 0.002, 0.01, 0.05, 0.25, 1];
export const WAITED_FOR = [0.005, 0.02, 0.1, 0.5, 2, 10];
export const LONG = [1, 5, 15, 60, 300, 1800];
