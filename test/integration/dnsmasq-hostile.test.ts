import { Resolver } from 'node:dns/promises';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dnsmasqConfigSchema } from '@berth/agents/dnsmasq/config.ts';
import { render } from '@berth/agents/dnsmasq/render.ts';
import { createDnsmasqRole } from '@berth/agents/dnsmasq/role.ts';
import { validate } from '@berth/agents/dnsmasq/validate.ts';
import { createLogger } from '@berth/agents/shared/logger.ts';
import type { RoleModule } from '@berth/agents/shared/role.ts';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';

// Whatever stands in a resource, it never leaves its place in a file. Judges: the shape of every line, and a real
// dnsmasq without DHCP (so without root) that must go on serving what is good and nothing else.

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'a1.-_,#"\'\\/\n\r\0\t {};$`%&=:é٣ａ'), maxLength: 20 }),
  fc.constantFrom('web1', 'lab.internal', 'a.lab.internal', '10.64.0.20', '10.64.0.0/22', '02:00:00:00:00:01'),
  fc.constantFrom('a.b\naddress=/#/6.6.6.6', 'a,b', 'set:x', '#x.lab', '$(id).lab', 'x'.repeat(300), '', '١٠.٦٤.٠.٢٠'),
);
const good = { domain: 'lab.internal', network: '10.64.0.0/22', rangeStart: '10.64.1.1', rangeEnd: '10.64.1.9' };
const number = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 4_294_967_295));
/** Each field as it should be, or not. */
const or = (value: string) => fc.oneof(fc.constant(value), text);

const body = fc.oneof(
  fc.record({
    case: fc.constant('zone' as const),
    value: fc.record({
      domain: or(good.domain),
      network: or(good.network),
      rangeStart: or(good.rangeStart),
      rangeEnd: or(good.rangeEnd),
      gateway: or('10.64.0.1'),
      dnsServers: fc.array(or('10.64.0.1'), { maxLength: 2 }),
      forwarders: fc.array(or('192.0.2.53'), { maxLength: 2 }),
      leaseSeconds: fc.oneof(fc.constant(3600), number),
    }),
  }),
  fc.record({
    case: fc.constant('reservation' as const),
    value: fc.record({ mac: or('02:00:00:00:00:01'), address: or('10.64.0.20'), hostname: or('web1') }),
  }),
  fc.record({
    case: fc.constant('nameRecord' as const),
    value: fc.record({ fqdn: or('a.lab.internal'), address: or('10.64.0.20') }),
  }),
  fc.record({
    case: fc.constant('srvRecord' as const),
    value: fc.record({
      fqdn: or('_ldap._tcp.lab.internal'),
      target: or('a.lab.internal'),
      port: number,
      priority: number,
      weight: number,
    }),
  }),
  fc.record({
    case: fc.constant('txtRecord' as const),
    value: fc.record({ fqdn: or('_acme-challenge.lab.internal'), text: or('a, "b"') }),
  }),
);
const sets = fc
  .array(body, { maxLength: 12 })
  .map((bodies) => bodies.map((each, index) => makeResource(`h${index}`, each)));

const asMap = (resources: readonly Resource[]) => new Map(resources.map((each) => [keyOf(each), each]));
const witness = makeResource('0', {
  case: 'nameRecord',
  value: { fqdn: 'witness.test.internal', address: '10.9.9.9' },
});

const LINES: Record<string, RegExp> = {
  hosts: /^[0-9a-f.:]+ [A-Za-z0-9.-]+$/i,
  reservations: /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2},[0-9.]+,[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+,\d+$/,
  servers: /^server=[0-9a-f.:]+(?:#\d+)?$/i,
  'dnsmasq.conf':
    /^(?:#[ -~]*|txt-record=[A-Za-z0-9_.-]+,"(?:[ !#-[\]-~]|\\["\\])+"|[a-z-]+(?:=[A-Za-z0-9_.,:!/-]*)?)$/,
};

let root: string;
let role: RoleModule;
let resolver: Resolver;
let config: ReturnType<typeof dnsmasqConfigSchema.parse>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-dnsmasq-'));
  const dnsPort = await freePort();
  config = dnsmasqConfigSchema.parse({
    rootDir: root,
    listenAddresses: ['127.0.0.1'],
    dnsPort,
    dhcp: false,
    manage: true,
    user: 'root',
  });
  role = createDnsmasqRole(config);
  const random = Math.random;
  await role.start({
    clock: systemClock,
    random,
    log: createLogger('fatal'),
    stateDir: root,
    report: () => {},
    requestApply: () => {},
  });
  resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
});

afterAll(async () => {
  await role.stop();
  process.kill(Number(await readFile(config.pidFile, 'utf8')), 'SIGTERM');
  await rm(root, { recursive: true, force: true });
});

it('keeps every line in its shape, whatever the resources hold', () => {
  fc.assert(
    fc.property(sets, (resources) => {
      const { valid, refused } = validate(asMap(resources));
      const served = valid.zones.length + valid.reservations.length + valid.names.length + valid.services.length;
      expect(served + valid.texts.length + refused.size).toBe(resources.length);
      const { files } = render(valid, { ...config, dhcp: true }, { generation: 1n, nonce: 'ff' });
      for (const [file, content] of files) {
        for (const line of content.split('\n').slice(0, -1)) expect(line).toMatch(LINES[file] ?? /never/);
      }
      expect(files.get('hosts')?.split('\n').length).toBe(valid.names.length + 2);
      expect(files.get('reservations')?.split('\n').length).toBe(valid.reservations.length + 1);
    }),
    { numRuns: 500 },
  );
});

it('applies every set on a real dnsmasq, which goes on serving what is good', async () => {
  let generation = 0n;
  await fc.assert(
    fc.asyncProperty(sets, async (resources) => {
      generation += 1n;
      const set = asMap([witness, ...resources]);
      const report = await role.apply({ generation, resources: set });
      const { refused } = validate(set);
      expect(report.status).toBe('running');
      // dnsmasq itself found nothing that our validation had let through.
      expect(report.errors.map((error) => `${error.resource?.kind}/${error.resource?.name}`).sort()).toEqual(
        [...refused.keys()].sort(),
      );
      expect(await resolver.resolve4('witness.test.internal')).toEqual(['10.9.9.9']);
    }),
    { numRuns: 40 },
  );
});

it('serves every text as it is, and several of a name beside each other', async () => {
  const printable = fc.string({ unit: fc.constantFrom(...'ab,"\\#;:=./!$tnebr \'`%'), minLength: 1, maxLength: 255 });
  const texts = fc.uniqueArray(printable.map((each) => each.trim()).filter(Boolean), { minLength: 1, maxLength: 4 });
  let generation = 1_000n;
  await fc.assert(
    fc.asyncProperty(texts, async (wanted) => {
      generation += 1n;
      const record = (text: string, index: number) =>
        makeResource(`t${index}`, { case: 'txtRecord', value: { fqdn: '_acme-challenge.lab.internal', text } });
      const report = await role.apply({ generation, resources: asMap([witness, ...wanted.map(record)]) });
      expect(report).toMatchObject({ status: 'running', errors: [] });
      const served = await resolver.resolveTxt('_acme-challenge.lab.internal');
      expect(served.map((strings) => strings.join('')).sort()).toEqual([...wanted].sort());
    }),
    { numRuns: 25 },
  );
});
