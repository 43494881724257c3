/**
 * Hostile strings in every user-supplied field, among resources that are right. Where nginx-hostile and
 * dnsmasq-hostile show that nothing leaves its place, this shows that it takes nothing along: what is right stays
 * served, only what is wrong is set aside, and it heals when corrected. Judges: the running nginx, `dnsmasq --test` on
 * the files of a host that hands out addresses.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dnsmasqConfigSchema } from '@berth/agents/dnsmasq/config.ts';
import { render } from '@berth/agents/dnsmasq/render.ts';
import { validate } from '@berth/agents/dnsmasq/validate.ts';
import type { ApplyReport } from '@berth/agents/shared/role.ts';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { hostileText, MARK } from '../support/hostile.ts';
import { DNSMASQ_FIELDS, type FieldMaker, nginxFields } from './hostile-fields.ts';
import { certificate, NginxHost, route, stream } from './nginx-host.ts';

type Pair = { readonly bad: Resource; readonly mended: Resource };
const MOST = 6;
const ODD_NAME = `"; ${MARK}\n{$host`;

/** Resources with one hostile field each, and the same ones corrected. */
function pairsOf(fields: Record<string, FieldMaker>): fc.Arbitrary<Pair[]> {
  const one = fc.tuple(fc.constantFrom(...Object.values(fields)), hostileText);
  return fc
    .array(one, { minLength: 1, maxLength: MOST })
    .map((chosen) => chosen.map(([make, odd], position) => ({ bad: make(position, odd), mended: make(position) })));
}

describe('nginx', () => {
  let host: NginxHost;
  let backend: Server;
  let good: Resource[];
  let streamPort: number;
  let fields: Record<string, FieldMaker>;

  beforeAll(async () => {
    host = await NginxHost.start();
    backend = createServer((_, response) => response.end('good page'));
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
    const { port } = backend.address() as AddressInfo;
    streamPort = await freePort();
    good = [
      await certificate('apps', '*.apps.lab'),
      route('good.apps.lab', port),
      stream('tcp', streamPort, port),
      // A name of a resource may be anything; it goes nowhere.
      await certificate(ODD_NAME, 'odd.lab'),
      route('odd.lab', port, { certificate: ODD_NAME }),
    ];
    fields = nginxFields(await Promise.all(Array.from({ length: MOST }, () => freePort())));
  });
  afterAll(async () => {
    await host.close();
    backend.close();
  });

  const apply = (resources: readonly Resource[]) => {
    host.resources.clear();
    return host.apply(...good, ...resources);
  };

  it('serves what is right among what is not, sets aside just that, and heals when it is corrected', async () => {
    await fc.assert(
      fc.asyncProperty(pairsOf(fields), async (pairs) => {
        const report = await apply(pairs.map(({ bad }) => bad));
        expect(report.status).toBe('running');
        expect(faultsOf(report)).toEqual(pairs.map(({ bad }) => keyOf(bad)).sort());
        expect((await host.get('good.apps.lab')).body).toBe('good page');
        expect((await host.get('odd.lab')).body).toBe('good page');
        expect(await (await fetch(`http://127.0.0.1:${streamPort}/`)).text()).toBe('good page');
        const healed = await apply(pairs.map(({ mended }) => mended));
        expect(healed).toMatchObject({ status: 'running', errors: [] });
      }),
      { numRuns: 15 },
    );
  });

  it('takes the longest and oddest of what is right', async () => {
    const label = 'x'.repeat(63);
    const longest = `${label}.${label}.${label}.${'y'.repeat(61)}`;
    const names = [longest, 'xn--bcher-kva.lab', 'default.lab', 'include.server.lab', '0.a.lab', 'a--b.lab'];
    const report = await apply([
      await certificate('many', ...names),
      ...names.map((name) => route(name, 80, { certificate: 'many' })),
    ]);
    expect(report).toMatchObject({ status: 'running', errors: [] });
  });
});

describe('dnsmasq with DHCP', () => {
  let directory: string;
  let config: ReturnType<typeof dnsmasqConfigSchema.parse>;
  const body = {
    domain: 'lab.internal',
    network: '10.64.0.0/22',
    rangeStart: '10.64.1.1',
    rangeEnd: '10.64.1.9',
    gateway: '10.64.0.1',
    dnsServers: ['10.64.0.1'],
    forwarders: ['192.0.2.1'],
    leaseSeconds: 3600,
  };
  const owned = { mac: '02:00:00:00:00:01', address: '10.64.0.20', hostname: 'good' };
  const srv = { fqdn: '_ldap._tcp.lab.internal', target: 'good.lab.internal', port: 636 };
  // First in order, so that none of the others can take what they have.
  const good = [
    makeResource('0', { case: 'zone', value: body }),
    makeResource('0', { case: 'reservation', value: owned }),
    makeResource('0', { case: 'nameRecord', value: { fqdn: 'good.lab.internal', address: '10.64.0.20' } }),
    makeResource('0', { case: 'srvRecord', value: srv }),
  ];
  const renderWith = (resources: readonly Resource[]) => {
    const { valid, refused } = validate(new Map([...good, ...resources].map((each) => [keyOf(each), each])));
    return { refused, ...render(valid, config, { generation: 1n, nonce: 'ff' }) };
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-hostile-dns-'));
    config = dnsmasqConfigSchema.parse({ rootDir: directory, interfaces: ['lo'], manage: true });
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('keeps every line of what is right, and `dnsmasq --test` is content with the whole', async () => {
    const alone = renderWith([]);
    await fc.assert(
      fc.asyncProperty(pairsOf(DNSMASQ_FIELDS), async (pairs) => {
        const { refused, files } = renderWith(pairs.map(({ bad }) => bad));
        expect([...refused.keys()].sort()).toEqual(pairs.map(({ bad }) => keyOf(bad)).sort());
        expect(files).toEqual(alone.files);
        const mended = renderWith(pairs.map(({ mended }) => mended));
        expect(mended.refused).toEqual(new Map());
        expect(missing(alone.files, mended.files)).toEqual([]);
        expect(await dnsmasqTest(mended.files)).toEqual({ exitCode: 0, stderr: 'dnsmasq: syntax check OK.' });
      }),
      { numRuns: 40 },
    );
  });

  /** Lines of the one that the other has not; the digest of the main file follows from its lines. */
  function missing(from: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): string[] {
    return [...from].flatMap(([file, content]) => {
      const there = new Set(others.get(file)?.split('\n'));
      return content.split('\n').filter((line) => !there.has(line) && !line.startsWith('txt-record='));
    });
  }

  async function dnsmasqTest(files: ReadonlyMap<string, string>) {
    const file = join(directory, 'dnsmasq.conf');
    await writeFile(file, files.get('dnsmasq.conf') ?? '');
    const { exitCode, stderr } = await runProgram(config.binary, ['--test', `--conf-file=${file}`]);
    return { exitCode, stderr };
  }
});

function faultsOf({ errors }: ApplyReport): string[] {
  return errors.map(({ resource }) => `${resource?.kind}/${resource?.name}`).sort();
}
