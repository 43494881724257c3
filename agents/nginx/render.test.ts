import { join } from 'node:path';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makePlan } from './plan.ts';
import { type RenderedRelease, render } from './render.ts';
import { fixtureCertificate, fixtureOptions, fixtureSet, httpRoute, RESERVED, setOf } from './render-fixture.ts';
import type { RenderOptions } from './render-options.ts';

const golden = join(import.meta.dirname, '../../test/golden/nginx');

function renderSet(set: ReadonlyMap<string, Resource>, options: RenderOptions = fixtureOptions()): RenderedRelease {
  const plan = makePlan(set, { reservedPorts: RESERVED, stream: options.stream });
  expect(plan.faults).toEqual([]);
  return render(plan, options);
}

function asText({ files }: RenderedRelease): string {
  const paths = [...files.keys()].sort();
  return paths.map((path) => `==> ${path}\n${files.get(path)?.content}`).join('\n');
}

test('the configuration for Debian 12', async () => {
  await expect(asText(renderSet(fixtureSet()))).toMatchFileSnapshot(join(golden, 'nginx-1.22.1.txt'));
});

test.for(['1.25.1', '1.27.4'] as const)('what nginx %s, with HTTP/3, has otherwise', async (version) => {
  const older = renderSet(fixtureSet()).files;
  const newer = renderSet(fixtureSet(), fixtureOptions(version));
  const files = new Map([...newer.files].filter(([path, { content }]) => older.get(path)?.content !== content));
  await expect(asText({ ...newer, files })).toMatchFileSnapshot(join(golden, `nginx-${version}.txt`));
});

test('behind load balancers that speak the PROXY protocol, also where there could be HTTP/3', async () => {
  const value = { trustedProxies: ['192.0.2.0/24', '2001:db8::5'], proxyProtocol: true };
  const set = new Map([...fixtureSet(), ...setOf(makeResource('ingress', { case: 'ingress', value }))]);
  const release = renderSet(set, fixtureOptions('1.27.4'));
  const files = new Map([...release.files].filter(([path]) => /^(nginx.conf|sites|streams)/.test(path)));
  const text = asText({ ...release, files });
  expect(text).not.toContain('quic');
  const lines = text.split('\n').filter((line) => /listen|real_ip|map \$https/.test(line));
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(join(golden, 'nginx-1.27.4-proxy-protocol.txt'));
});

test('without shared groups, every backend has a block of its own', async () => {
  const release = renderSet(fixtureSet(), { ...fixtureOptions(), slotted: false });
  const files = new Map([...release.files].filter(([path]) => /^(upstreams|backends|paths)/.test(path)));
  await expect(asText({ ...release, files })).toMatchFileSnapshot(join(golden, 'nginx-1.22.1-unslotted.txt'));
});

test('keys are for root alone', () => {
  for (const [path, { mode }] of renderSet(fixtureSet()).files) if (path.endsWith('.key')) expect(mode).toBe(0o600);
});

test('the same set in another order is the same release', () => {
  const set = fixtureSet();
  const { id } = renderSet(set);
  fc.assert(
    fc.property(fc.shuffledSubarray([...set], { minLength: set.size }), (entries) => {
      expect(renderSet(new Map(entries)).id).toBe(id);
    }),
    { numRuns: 20 },
  );
});

test('one change among thousands rewrites a handful of files', () => {
  const routes = Array.from({ length: 3000 }, (_, index) =>
    httpRoute(`web${index}.apps.lab`, `10.64.${index >> 8}.${index & 255}`),
  );
  routes.shift();
  const base = setOf(fixtureCertificate('apps', true, '*.apps.lab'), ...routes);
  const before = renderSet(base);
  const moved = httpRoute('web7.apps.lab', '10.65.0.1');
  const after = renderSet(new Map([...base, ...setOf(moved)]));
  const rewritten = [...after.files].filter(([path, { content }]) => before.files.get(path)?.content !== content);
  expect(rewritten.length).toBeLessThanOrEqual(7);
  expect(before.files.size).toBe(after.files.size);
});

test('every line of a map leads back to its route', () => {
  const { files } = renderSet(fixtureSet());
  for (const [path, { content, owners }] of files) {
    if (!/^(backends|paths)\/\d/.test(path)) continue;
    for (const [index, line] of content.trimEnd().split('\n').entries()) {
      expect(owners?.[index]).toBe(`httpRoute/${line.split(' ')[0]}`);
    }
  }
});

test('a line of a location leads back to all routes that share it', () => {
  const options = { requestHeaders: [{ name: 'X-Shared', value: 'yes' }] };
  const shared = ['a', 'b'].map((name) => httpRoute(`${name}.apps.lab`, '10.0.0.1', { options }));
  const { files } = renderSet(setOf(fixtureCertificate('apps', true, '*.apps.lab'), ...shared));
  const found = [...files.values()].flatMap(({ content, owners }) => {
    const line = content.split('\n').findIndex((text) => text.includes('X-Shared'));
    return line < 0 ? [] : [owners?.[line]];
  });
  expect(found).toEqual([['httpRoute/a.apps.lab', 'httpRoute/b.apps.lab']]);
});

test('nobody is to blame for what nearly all routes have', () => {
  const { files } = renderSet(
    setOf(fixtureCertificate('apps', true, '*.apps.lab'), httpRoute('a.apps.lab', '10.0.0.1')),
  );
  const layouts = [...files].filter(([path]) => path.startsWith('layouts/'));
  expect(layouts).toHaveLength(1);
  expect(layouts[0]?.[1].owners?.flat()).toEqual([]);
});

test('a thousand routes that want the same share one server', () => {
  const options = { gzip: true, rateLimit: { requestsPerSecond: 5 } };
  const routes = Array.from({ length: 1000 }, (_, index) => httpRoute(`w${index}.apps.lab`, '10.0.0.1', { options }));
  const { files } = renderSet(setOf(fixtureCertificate('apps', true, '*.apps.lab'), ...routes));
  const sites = [...files].filter(([path]) => path.startsWith('sites/')).map(([, { content }]) => content);
  expect(sites.join('').match(/^server \{/gm)).toHaveLength(2);
  expect([...files.keys()].filter((path) => path.startsWith('layouts/'))).toHaveLength(2);
});
