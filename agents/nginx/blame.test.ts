import { expect, test } from 'vitest';
import { blame } from './blame.ts';
import { nginxWords } from './error-log.ts';
import { makePlan } from './plan.ts';
import { render } from './render.ts';
import { fixtureOptions, fixtureSet, RESERVED } from './render-fixture.ts';

const plan = makePlan(fixtureSet(), { reservedPorts: RESERVED, stream: true });
const release = render(plan, fixtureOptions());
const blamed = (stderr: string) => blame({ exitCode: 1, stderr }, release, plan);

test('a file and a line lead to the resource of that line', () => {
  const { owners } = release.files.get('backends/0.map') ?? {};
  expect(blamed('nginx: [emerg] conflicting parameter "x" in backends/0.map:2')).toEqual({
    keys: [owners?.[1]],
    place: { exitCode: 1, file: 'backends/0.map', line: 2 },
  });
});

test('a certificate file leads to its certificate', () => {
  const file = [...release.files.keys()].find((path) => path.endsWith('.pem')) ?? '';
  const found = blamed(
    `nginx: [emerg] cannot load certificate "/var/lib/x/current/${file}": PEM_read_bio_X509() failed`,
  );
  expect(found).toEqual({ keys: release.files.get(file)?.owners, place: { exitCode: 1, file } });
});

test('a port leads to its stream, over IPv4 and IPv6', () => {
  for (const address of ['0.0.0.0', '[::]']) {
    const found = blamed(`nginx: [emerg] bind() to ${address}:2201 failed (98: Address already in use)`);
    expect(found?.keys).toEqual(['streamRoute/TCP-2201']);
  }
});

test('words about what belongs to nobody blame nobody', () => {
  expect(blamed('nginx: [emerg] bind() to 0.0.0.0:443 failed (98: Address already in use)')).toBeUndefined();
  expect(blamed('nginx: [emerg] unknown directive "x" in nginx.conf:3')).toBeUndefined();
  expect(blamed('out of memory')).toBeUndefined();
});

test('times, process ids and repetitions are left out of what people read', () => {
  const line = '2026/11/23 11:40:01 [emerg] 2538#2538: no good in nginx.conf:1';
  expect(nginxWords(`${line}\n${line}\nnginx: configuration file test failed\n`)).toBe(
    'nginx: [emerg] no good in nginx.conf:1\nnginx: configuration file test failed',
  );
});
