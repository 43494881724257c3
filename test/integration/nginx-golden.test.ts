/** The configuration that the golden files show, judged by the real nginx. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nginxConfigSchema } from '@berth/agents/nginx/config.ts';
import { detectOptions } from '@berth/agents/nginx/detect.ts';
import { makePlan } from '@berth/agents/nginx/plan.ts';
import { render } from '@berth/agents/nginx/render.ts';
import { fixtureOptions, fixtureSet } from '@berth/agents/nginx/render-fixture.ts';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import { expect, test } from 'vitest';
import { certificate } from './nginx-host.ts';

/** The fixture with certificates that are some. */
async function realSet(): Promise<Map<string, Resource>> {
  const set = fixtureSet();
  for (const [key, { name, body }] of set) {
    if (body.case === 'certificate') set.set(key, await certificate(name, ...body.value.dnsNames));
  }
  return set;
}

test.for([true, false])('nginx takes one of everything without a warning; shared groups: %s', async (slotted) => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-golden-'));
  const release = join(directory, 'release');
  const rootDir = join(directory, 'nginx');
  for (const each of ['run', 'tmp', 'log']) await mkdir(join(rootDir, each), { recursive: true });
  const options = await detectOptions(nginxConfigSchema.parse({ rootDir, httpPort: 17_980, httpsPort: 17_943 }));
  const { addresses = new Map() } = fixtureOptions();
  const value = { trustedProxies: ['192.0.2.0/24'], proxyProtocol: true };
  for (const extra of [[], [makeResource('ingress', { case: 'ingress', value })]]) {
    const set = new Map([...(await realSet()), ...extra.map((each) => [keyOf(each), each] as const)]);
    const plan = makePlan(set, { reservedPorts: new Set(), stream: true });
    expect(plan.faults).toEqual([]);
    for (const [path, { content }] of render(plan, { ...options, slotted, addresses }).files) {
      await mkdir(dirname(join(release, path)), { recursive: true });
      await writeFile(join(release, path), content);
    }
    const result = await runProgram(options.config.binary, [
      '-t',
      '-q',
      '-p',
      release,
      '-c',
      join(release, 'nginx.conf'),
    ]);
    expect(result.stderr).toBe('');
  }
  await rm(directory, { recursive: true });
});
