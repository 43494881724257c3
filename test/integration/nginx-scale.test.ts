import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nginxConfigSchema } from '@berth/agents/nginx/config.ts';
import { detectOptions } from '@berth/agents/nginx/detect.ts';
import { makePlan } from '@berth/agents/nginx/plan.ts';
import { render } from '@berth/agents/nginx/render.ts';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { keyOf } from '@berth/proto/contract/resource.ts';
import { expect, test } from 'vitest';
import { certificate, route } from './nginx-host.ts';

const LABEL = 'x'.repeat(60);
const WILDCARDS = [0, 1, 2, 3].map((labels) => `*.${`${LABEL}.`.repeat(labels)}apps.lab`);

/** Names of many lengths, up to 236 characters. */
function hostOf(index: number): string {
  return `${'n'.repeat(index % 40)}${index}${WILDCARDS[index % 4]?.slice(1)}`;
}

// Two certificates claim the same names, so the second one's routes are server names one by one.
async function manyRoutes(count: number): Promise<Map<string, Resource>> {
  const routes = Array.from({ length: count }, (_, index) => {
    const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    return route(hostOf(index), 80, { address, certificate: index % 2 ? 'one' : 'two' });
  });
  const certificates = [await certificate('one', ...WILDCARDS), await certificate('two', ...WILDCARDS)];
  return new Map([...certificates, ...routes].map((each) => [keyOf(each), each]));
}

test.for([
  [10_000, true],
  [2000, false],
] as const)('nginx takes %i names of many lengths without a warning; slotted: %s', async ([count, slotted]) => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-scale-'));
  const release = join(directory, 'release');
  const rootDir = join(directory, 'nginx');
  for (const each of ['run', 'tmp', 'log']) await mkdir(join(rootDir, each), { recursive: true });
  const plan = makePlan(await manyRoutes(count), { reservedPorts: new Set(), stream: true });
  expect([plan.routes.length, plan.faults]).toEqual([count, []]);
  const options = await detectOptions(nginxConfigSchema.parse({ rootDir, httpPort: 17_980, httpsPort: 17_943 }));
  for (const [path, { content }] of render(plan, { ...options, slotted }).files) {
    await mkdir(dirname(join(release, path)), { recursive: true });
    await writeFile(join(release, path), content);
  }
  const result = await runProgram(options.config.binary, ['-t', '-p', release, '-c', join(release, 'nginx.conf')]);
  expect(result.stderr).not.toMatch(/\[(warn|emerg|alert)\]/);
  expect(result.exitCode).toBe(0);
  await rm(directory, { recursive: true });
});
