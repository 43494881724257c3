import { seededRandom } from '@berth/proto/contract/random.ts';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { beforeEach, expect, test } from 'vitest';
import type { Report } from '../shared/role.ts';
import type { HealthTarget } from './health-look.ts';
import type { WatchedRoute } from './health-targets.ts';
import { HealthWatch } from './health-watch.ts';

let clock: VirtualClock;
let errors: Map<string, string>;
let looks: string[];
let atOnce: number;
let most: number;
let reports: Report[];
let watch: HealthWatch;

beforeEach(() => {
  clock = new VirtualClock(1_000_000);
  [errors, looks, reports, atOnce, most] = [new Map(), [], [], 0, 0];
  const report = (each: Report) => void reports.push(each);
  watch = new HealthWatch({ clock, random: seededRandom(7), look, report });
});

/** Takes a tenth of a second. */
function look({ address }: HealthTarget): Promise<string> {
  looks.push(address);
  atOnce += 1;
  most = Math.max(most, atOnce);
  return new Promise((resolve) => {
    clock.after(100, () => {
      atOnce -= 1;
      resolve(errors.get(address) ?? '');
    });
  });
}

function route(name: string, address: string, intervalMs = 30_000): WatchedRoute {
  return {
    name,
    containerId: `ctr-${name}`,
    target: { address, port: 80, tls: false, host: '', path: '' },
    intervalMs,
  };
}

/** What was reported since the last call: "route: error", full reports marked by "*". */
function told(): string[] {
  return reports.splice(0).flatMap((report) => {
    if (report.case !== 'backendReport') return [];
    const { full, backends } = report.value;
    return backends.map(({ route: name, error, healthy }) => {
      expect(healthy).toBe(error === '');
      return `${full ? '*' : ''}${name}: ${error}`;
    });
  });
}

test('each backend is looked at in its interval, and only changes are told', async () => {
  watch.watch([route('a', '10.0.0.1'), route('b', '10.0.0.2', 5000)]);
  await clock.advance(2000);
  expect(told().sort()).toEqual(['a: ', 'b: ']);
  await clock.advance(60_000);
  expect(told()).toEqual([]);
  const counts = Map.groupBy(looks, (address) => address);
  expect(counts.get('10.0.0.1')?.length).toBeLessThanOrEqual(4);
  expect(counts.get('10.0.0.2')?.length).toBeGreaterThanOrEqual(10);
});

test('one failure of a backend that was well is no news, a second is, and its recovery is seen soon', async () => {
  watch.watch([route('a', '10.0.0.1', 10_000)]);
  await clock.advance(2000);
  told();
  errors.set('10.0.0.1', 'connection refused');
  while (looks.length < 2) await clock.advance(100);
  errors.delete('10.0.0.1');
  await clock.advance(5000);
  expect(told()).toEqual([]);
  errors.set('10.0.0.1', 'connection refused');
  await clock.advance(20_000);
  expect(told()).toEqual(['a: connection refused']);
  errors.delete('10.0.0.1');
  await clock.advance(12_000);
  expect(told()).toEqual(['a: ']);
});

test('another error is told with the time of the first', async () => {
  errors.set('10.0.0.1', 'connection refused');
  watch.watch([route('a', '10.0.0.1', 5000)]);
  await clock.advance(2000);
  errors.set('10.0.0.1', 'no route to the host');
  await clock.advance(10_000);
  const since = reports.flatMap((report) =>
    report.case === 'backendReport' ? report.value.backends.map((backend) => backend.since?.seconds) : [],
  );
  expect(told()).toEqual(['a: connection refused', 'a: no route to the host']);
  expect(since[0]).toBe(since[1]);
});

test('routes that lead to one place share its looks; one that joins is told at once', async () => {
  watch.watch([route('a', '10.0.0.1'), route('b', '10.0.0.1')]);
  await clock.advance(2000);
  expect(looks).toEqual(['10.0.0.1']);
  expect(told()).toEqual(['a: ', 'b: ']);
  watch.watch([route('a', '10.0.0.1'), route('c', '10.0.0.1')]);
  await clock.advance(1000);
  expect(told()).toEqual(['c: ']);
});

test('all that is known is told when a session opens, in messages of bounded size', async () => {
  watch.watch(Array.from({ length: 5000 }, (_, index) => route(`r${index}`, `10.0.${index >> 8}.${index & 255}`)));
  await clock.advance(60_000);
  reports.length = 0;
  watch.reportAll();
  const parts = reports.flatMap((report) => (report.case === 'backendReport' ? [report.value] : []));
  expect(parts.map(({ full, backends }) => [full, backends?.length])).toEqual([
    [true, 2000],
    [false, 2000],
    [false, 1000],
  ]);
});

test('ten thousand backends are looked at by a bounded number at the same time, and all in their interval', async () => {
  watch.watch(Array.from({ length: 10_000 }, (_, index) => route(`r${index}`, `10.0.${index >> 8}.${index & 255}`)));
  await clock.advance(45_000);
  expect(most).toBeLessThanOrEqual(128);
  expect(new Set(looks).size).toBe(10_000);
  watch.watch([route('last', '10.9.9.9')]);
  await clock.advance(40_000);
  looks.length = 0;
  await clock.advance(40_000);
  expect(new Set(looks)).toEqual(new Set(['10.9.9.9']));
});

test('after the end nothing is looked at', async () => {
  watch.watch([route('a', '10.0.0.1')]);
  watch.stop();
  await clock.advance(60_000);
  expect(looks).toEqual([]);
});
