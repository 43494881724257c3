/** Hostile strings in every field of every resource, with the real nginx as judge of what was rendered. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nginxConfigSchema } from '@berth/agents/nginx/config.ts';
import { detectOptions } from '@berth/agents/nginx/detect.ts';
import { makePlan } from '@berth/agents/nginx/plan.ts';
import { render } from '@berth/agents/nginx/render.ts';
import type { RenderOptions } from '@berth/agents/nginx/render-options.ts';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import { type HttpOptionsSchema, type Resource, StreamTls } from '@berth/proto/agent/v1/resource_pb.js';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificate, route, type StreamExtras, stream } from './nginx-host.ts';

const MARK = 'evilmark';
let directory: string;
let options: RenderOptions;
let good: Resource[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-hostile-'));
  const rootDir = join(directory, 'nginx');
  for (const each of ['run', 'tmp', 'log']) await mkdir(join(rootDir, each), { recursive: true });
  options = await detectOptions(nginxConfigSchema.parse({ rootDir, httpPort: 17_980, httpsPort: 17_943 }));
  good = [await certificate('apps', '*.apps.lab'), route('good.apps.lab', 80)];
});
afterAll(() => rm(directory, { recursive: true, force: true }));

// Each carries the mark, so that its way into a file shows.
const hostile = fc
  .tuple(
    fc.constantFrom('', 'a.apps.lab', '10.0.0.1', '*.apps.lab', '::1'),
    fc.oneof(
      fc.constantFrom(
        ';',
        '"',
        "'",
        '}',
        '{',
        '\n',
        '\r',
        '\0',
        '$host',
        '$' + '{host}',
        '\\',
        '#',
        ' ',
        '/',
        '../',
        '~',
        '|',
      ),
      fc.constantFrom(
        'ａ',
        'аpps',
        '\u202e',
        '\u2028',
        '%0a',
        'x'.repeat(300),
        '; return 200 "x"; #',
        '"; include /etc/passwd;',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `${text};`),
    ),
  )
  .map(([before, odd]) => `${before}${odd}${MARK}${odd}`);

const resource = fc.oneof(
  hostile.map((host) => route(host, 80)),
  hostile.map((address) => route('victim.apps.lab', 80, { address })),
  hostile.map((name) => route('victim.apps.lab', 80, { certificate: name })),
  hostile.map((token) => challenge({ host: 'good.apps.lab', token, keyAuthorization: 'x.y' })),
  hostile.map((keyAuthorization) => challenge({ host: 'good.apps.lab', token: 'x', keyAuthorization })),
  hostile.map((host) => challenge({ host, token: 'x', keyAuthorization: 'x.y' })),
  hostile.map((name) => makeResource('cert', { case: 'certificate', value: { dnsNames: [name] } })),
  hostile.map((address) => {
    const value = { protocol: 1, externalPort: 17_999, backend: { address, port: 80 } };
    return makeResource('stream', { case: 'streamRoute', value });
  }),
  hostile.map((path) => route('victim.apps.lab', 80, { path: `/${path};` })),
  hostile.map((name) => wanting({ requestHeaders: [{ name, value: 'x' }] })),
  hostile.map((name) => wanting({ responseHeaders: [{ name, value: '' }] })),
  hostile.map((allow) => wanting({ access: { allow: [allow] } })),
  hostile.map((deny) => wanting({ access: { deny: [`${deny}/8`] } })),
  hostile.map((passwordHash) =>
    wanting({ basicAuth: { users: [{ name: 'ada', passwordHash: `$6$${passwordHash};` }] } }),
  ),
  hostile.map((path) => wanting({ healthCheck: { path: `${path} ` } })),
  hostile.map((host) => named({ host })),
  hostile.map((certificate) => named({ host: 'db.apps.lab', tls: StreamTls.TERMINATE, certificate })),
  hostile.map((allow) => named({ host: 'db.apps.lab', access: { allow: [allow] } })),
  hostile.map((proxy) => makeResource('ingress', { case: 'ingress', value: { trustedProxies: [proxy] } })),
  // Names of resources go into the log where they are plain words, and nowhere else.
  hostile.map((name) => makeResource(`${name};`, { case: 'httpRoute', value: routeBody() })),
);

function wanting(options: MessageInitShape<typeof HttpOptionsSchema>): Resource {
  return route('victim.apps.lab', 80, { options });
}

function named(extras: StreamExtras): Resource {
  return stream('tcp', 17_998, 80, { tls: StreamTls.PASS_THROUGH, ...extras });
}

function challenge(value: { host: string; token: string; keyAuthorization: string }): Resource {
  return makeResource('challenge', { case: 'acmeChallenge', value });
}

function routeBody() {
  return { host: 'named.apps.lab', certificate: 'apps', backend: { address: '10.0.0.9', port: 80 } };
}

test('no hostile string reaches a file, and what is rendered beside it pleases nginx', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(resource, { minLength: 1, maxLength: 20 }), async (bad) => {
      const set = new Map([...good, ...bad].map((each) => [keyOf(each), each]));
      const plan = makePlan(set, { reservedPorts: new Set(), stream: true });
      const { files } = render(plan, options);
      for (const [path, { content }] of files) expect(path + content).not.toContain(MARK);
      expect([...files.values()].some(({ content }) => content.includes('good.apps.lab'))).toBe(true);
      const harmless = [...set.values()].filter((each) => each.body.value && isNamed(each)).length > 0 ? 1 : 0;
      expect(plan.faults.length).toBeGreaterThanOrEqual(set.size - good.length - harmless);
      const verdict = await nginxTest(files);
      expect(verdict.stderr).toBe('');
    }),
    { numRuns: 60 },
  );
});

function isNamed(resource: Resource): boolean {
  return resource.body.case === 'httpRoute' && resource.body.value.host === 'named.apps.lab';
}

// Values of headers, realms, names of users and texts of pages may hold almost anything; what is not refused must do
// no harm. The mark shows where it went: into the value it belongs to and nowhere else.
const free = fc.oneof(hostile, fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 }));

test('what people may write freely stays where it belongs, and nginx takes it', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(free, { minLength: 1, maxLength: 12 }), async (texts) => {
      const bad = texts.flatMap((text, index) => [
        route(`request${index}.apps.lab`, 80, { options: { requestHeaders: [{ name: 'X-Free', value: text }] } }),
        route(`answer${index}.apps.lab`, 80, { options: { responseHeaders: [{ name: 'X-Free', value: text }] } }),
        route(`page${index}.apps.lab`, 80, { options: { maintenance: { text } } }),
        route(`realm${index}.apps.lab`, 80, { options: { basicAuth: { realm: text, users: [user('ada')] } } }),
        route(`user${index}.apps.lab`, 80, { options: { basicAuth: { users: [user(text)] } } }),
      ]);
      const set = new Map([...good, ...bad].map((each) => [keyOf(each), each]));
      const plan = makePlan(set, { reservedPorts: new Set(), stream: true });
      taken += bad.length - plan.faults.length;
      const { files } = render(plan, options);
      for (const { content } of files.values()) {
        for (const line of content.split('\n').filter((each) => each.includes(MARK))) expect(line).toMatch(PLACES);
      }
      expect((await nginxTest(files)).stderr).toBe('');
    }),
    { numRuns: 40 },
  );
  expect(taken).toBeGreaterThan(100);
});

/** Lines that may hold free text: a value in quotes without its kind, a page, a line of the passwords. */
const PLACES = new RegExp(
  [
    /^ *(?:proxy_set_header|add_header) X-Free (?:"[^"$\\]*"|'[^'$\\]*')(?: always)?;$/,
    /^ *auth_basic (?:"[^"$\\]*"|'[^"'$\\]*');$/,
    /^ *return 503 "[^"$\\]*";$/,
    /^[^:]*:\$6\$[./A-Za-z0-9$]*$/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

function user(name: string) {
  return { name, passwordHash: '$6$salt$hash' };
}

async function nginxTest(files: ReadonlyMap<string, { content: string }>) {
  const release = await mkdtemp(join(directory, 'release-'));
  for (const [path, { content }] of files) {
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
  await rm(release, { recursive: true });
  return result;
}
