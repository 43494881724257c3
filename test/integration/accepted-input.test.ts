/**
 * What the API takes, the agents serve: nobody may be told "created" and then find the resource set aside for its
 * form. Right and nearly right input goes through the API's checks and, where those take it, through the pure desired
 * state to the checks of the nginx and the dnsmasq role.
 */

import { validate } from '@berth/agents/dnsmasq/validate.ts';
import { makePlan } from '@berth/agents/nginx/plan.ts';
import { readService } from '@berth/control-plane/app/services/read-service.ts';
import { checkSite, type SiteFields } from '@berth/control-plane/app/sites/site-fields.ts';
import { domainFault, hostnameFault } from '@berth/control-plane/app/validate/names.ts';
import { Violations } from '@berth/control-plane/app/validate/violations.ts';
import { httpOptions } from '@berth/control-plane/desired/http-options.ts';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { ServiceSchema } from '@berth/proto/api/v1/services_pb.js';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const setOf = (...resources: Resource[]) => new Map(resources.map((each) => [keyOf(each), each]));

const nearLabel = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'ab09-'), minLength: 1, maxLength: 8 }),
  fc.constantFrom('x'.repeat(63), 'x'.repeat(64), 'xn--p1ai', 'xn--', '0', '1e9', '0x1', 'a--b', 'default', 'A', ''),
);
const nearDomain = fc.oneof(
  fc.array(nearLabel, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
  fc.array(fc.constant('x'.repeat(63)), { minLength: 3, maxLength: 4 }).map((labels) => labels.join('.')),
);
const nearQuad = fc.oneof(
  fc
    .tuple(fc.constantFrom(10, 127, 192), fc.constantFrom(0, 64, 168), fc.nat(3), fc.nat(256))
    .map((parts) => parts.join('.')),
  fc.constantFrom('10.64.0.1', '010.64.0.1', '10.64.0.1.', '10.64.0', '::1', '0.0.0.0', '255.255.255.255'),
);
const nearNetwork = fc.oneof(
  fc.tuple(nearQuad, fc.integer({ min: 7, max: 33 })).map(([address, prefix]) => `${address}/${prefix}`),
  fc.constantFrom('10.64.0.0/22', '10.0.0.0/8', '127.0.0.0/8', '192.168.0.0/29'),
);

const site: SiteFields = {
  name: 'lab',
  internal_domain: 'lab.internal',
  network: '10.64.0.0/22',
  range_start: '10.64.0.10',
  range_end: '10.64.3.250',
  gateway: '10.64.0.1',
  dns_servers: [],
  forwarders: [],
  external_domains: ['apps.lab'],
  external_address: '',
  port_range_start: 2_000,
  port_range_end: 32_767,
  trusted_proxies: [],
  proxy_protocol: false,
  custom_domains: false,
};
/** A site that is right but for one field, which may be right as well. */
const nearSite = fc
  .oneof(
    nearDomain.map((internal_domain) => ({ internal_domain })),
    nearNetwork.map((network) => ({ network })),
    nearQuad.map((range_start) => ({ range_start })),
    nearQuad.map((range_end) => ({ range_end })),
    nearQuad.map((gateway) => ({ gateway })),
    fc.array(nearQuad, { maxLength: 2 }).map((dns_servers) => ({ dns_servers })),
    fc.array(nearQuad, { maxLength: 2 }).map((forwarders) => ({ forwarders })),
  )
  .map((change) => ({ ...site, ...change }));

const taken = (fields: SiteFields) => {
  const found = new Violations();
  checkSite(fields, found);
  return !found.has('site');
};

it('serves every zone that the API takes', () => {
  fc.assert(
    fc.property(nearSite, (fields) => {
      fc.pre(taken(fields));
      expect(validate(setOf(zoneOf(fields))).refused).toEqual(new Map());
    }),
    { numRuns: 1_000 },
  );
});

it('serves every host name that the API takes, by DHCP and by DNS, in every domain that it takes', () => {
  const internal = fc.oneof(
    nearDomain,
    fc.constantFrom('berth.invalid', 'x.berth.invalid', `a.${'y'.repeat(61)}.${'x.'.repeat(61)}lab`),
  );
  fc.assert(
    fc.property(nearLabel, internal, (hostname, internal_domain) => {
      const lab = { ...site, internal_domain };
      fc.pre(hostnameFault(hostname) === undefined && taken(lab));
      const value = { mac: '02:00:00:00:00:01', address: '10.64.0.20', hostname };
      const reservation = makeResource('c', { case: 'reservation', value });
      const fqdn = `${hostname}.${internal_domain}`;
      const name = makeResource('c', { case: 'nameRecord', value: { fqdn, address: '10.64.0.20' } });
      expect(validate(setOf(zoneOf(lab), reservation, name)).refused).toEqual(new Map());
    }),
    { numRuns: 1_000 },
  );
});

it('routes every external name that the API takes', () => {
  fc.assert(
    fc.property(nearDomain, nearLabel, fc.integer({ min: 1, max: 65_535 }), (domain, label, port) => {
      const host = `${label}.${domain}`;
      fc.pre(domainFault(domain) === undefined && domainFault(host) === undefined);
      const pem = { dnsNames: [domain, `*.${domain}`], chainPem: '', keyPem: '' };
      const certificate = makeResource(domain, { case: 'certificate', value: pem });
      const backend = { address: '10.64.0.20', port };
      const route = makeResource('c/s', { case: 'httpRoute', value: { host, certificate: domain, backend } });
      expect(makePlan(setOf(certificate, route), { reservedPorts: new Set(), stream: true }).faults).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

it('serves every HTTP service that the API takes, with every option', () => {
  const path = fc.oneof(
    fc.constantFrom('', '/', '/api', '/api/', '/a/b.c', '/.', '/a/../b', '/%2e', '/.well-known/acme-challenge'),
    fc.string({ unit: fc.constantFrom(...'/a.~$-@:'), maxLength: 8 }).map((text) => `/${text}`),
  );
  const name = fc.constantFrom('X-Frame-Options', 'Host', 'Server', 'x-accel-redirect', 'a_b', 'a.b', "a'b", 'Alt-Svc');
  const value = fc.oneof(
    fc.constantFrom('', 'DENY', "default-src 'self'", '$host', 'a\\', `"'`),
    fc.string({ unit: fc.constantFrom(...'a "\';{}#%'), maxLength: 6 }),
  );
  const header = fc.array(fc.record({ name, value }), { maxLength: 2 });
  const range = fc.constantFrom('10.0.0.0/8', '10.0.0.1/8', '::/0', '2001:db8::/32', '0.0.0.0/0', '10.0.0.0');
  const ranges = fc.array(range, { maxLength: 2 });
  const count = fc.constantFrom(0, 1, 5, 3_600, 65_535, 65_536, 86_400, 100_000, 100_001);
  const named = fc.record({ name: fc.constantFrom('ada', 'a@b', 'a:b', '#'), password: fc.constant('six gulls') });
  const text = fc.constantFrom('', 'Back at <nine>.', 'ä "$x"');
  // Right but for some part, which may be right as well.
  const options = fc.oneof(
    fc.record({ requestHeaders: header }),
    fc.record({ responseHeaders: header }),
    fc.record({ allow: ranges, deny: ranges }),
    fc.record({ timeoutSeconds: count }),
    fc.record({ requestsPerSecond: count, burst: count }),
    fc.record({ connections: count, maxBodyBytes: fc.bigInt({ min: 0n, max: 2n ** 51n }) }),
    fc.record({
      basicAuth: fc.array(named, { maxLength: 2 }),
      signIn: fc.record({ require: fc.constantFrom(0, 1, 3) }),
    }),
    fc.record({ maintenance: fc.boolean(), maintenanceText: text }),
    fc.record({ healthPath: path, healthIntervalSeconds: count }),
  );
  let served = 0;
  fc.assert(
    fc.property(path, options, (prefix, wanted) => {
      const found = new Violations();
      const value = { host: 'web1.apps.lab', path: prefix, options: wanted };
      const message = create(ServiceSchema, { internalPort: 80, exposure: { case: 'http', value } });
      const fields = readService(message, 'service', found);
      if (found.has('service')) return;
      served += 1;
      const basicAuth = fields.options.basicAuth.map(({ name: who }) => ({
        name: who,
        hash: '$6$rounds=1000$salt$hash',
      }));
      const pem = { dnsNames: ['apps.lab', '*.apps.lab'], chainPem: '', keyPem: '' };
      const certificate = makeResource('apps.lab', { case: 'certificate', value: pem });
      const route = {
        host: 'web1.apps.lab',
        path: fields.path,
        certificate: 'apps.lab',
        backend: { address: '10.64.0.20', port: 80 },
        options: httpOptions('svc-1', { ...fields.options, basicAuth }),
      };
      const set = setOf(certificate, makeResource('c/s', { case: 'httpRoute', value: route }));
      expect(makePlan(set, { reservedPorts: new Set(), stream: true }).faults).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
  expect(served).toBeGreaterThan(100);
});

function zoneOf(fields: SiteFields): Resource {
  const value = {
    domain: fields.internal_domain,
    network: fields.network,
    rangeStart: fields.range_start,
    rangeEnd: fields.range_end,
    gateway: fields.gateway,
    dnsServers: fields.dns_servers,
    forwarders: fields.forwarders,
    leaseSeconds: 3600,
  };
  return makeResource('zone', { case: 'zone', value });
}
