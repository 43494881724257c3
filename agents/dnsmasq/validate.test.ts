import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import { describe, expect, it } from 'vitest';
import { validate } from './validate.ts';

type Body = Parameters<typeof makeResource>[1];

const zone = {
  domain: 'lab.internal',
  network: '10.64.0.0/22',
  rangeStart: '10.64.0.10',
  rangeEnd: '10.64.3.250',
  gateway: '10.64.0.1',
  leaseSeconds: 3600,
};
const reservation = { mac: '02:00:00:00:00:01', address: '10.64.0.20', hostname: 'web1' };
const service = { fqdn: '_ldap._tcp.lab.internal', target: 'cp.lab.internal', port: 636, priority: 0, weight: 5 };

function setOf(...bodies: Body[]): Map<string, Resource> {
  const resources = bodies.map((body, index) => makeResource(`r${index}`, body));
  return new Map(resources.map((resource) => [keyOf(resource), resource]));
}

function reasons(...bodies: Body[]): string[] {
  return [...validate(setOf(...bodies)).refused.values()];
}

describe('zones', () => {
  const judge = (change: Partial<typeof zone> & { dnsServers?: string[]; forwarders?: string[] }) =>
    reasons({ case: 'zone', value: { ...zone, ...change } });

  it.each([
    [{ network: '10.64.0.1/22' }, /network "10.64.0.1\/22" is not an IPv4 network/],
    [{ network: '10.64.0.0/31' }, /prefix 8–30/],
    [{ domain: 'lab' }, /domain "lab"/],
    [{ domain: 'x/y.internal' }, /is not a DNS name/],
    [{ domain: 'berth.invalid' }, /the agent's own/],
    [{ rangeStart: '10.64.0.0' }, /range_start "10.64.0.0" is not a host address/],
    [{ rangeEnd: '10.64.4.1' }, /range_end "10.64.4.1"/],
    [{ rangeStart: '10.64.3.251' }, /is after range_end/],
    [{ gateway: '10.99.0.1' }, /gateway "10.99.0.1"/],
    [{ leaseSeconds: 60 }, /lease_seconds must be 120/],
    [{ dnsServers: ['ns.lab'] }, /dns_servers holds "ns.lab"/],
    [{ forwarders: ['1.1.1.1#99999'] }, /forwarders holds/],
    [{ forwarders: ['fe80::1%eth0'] }, /forwarders holds/],
  ])('refuses %j', (change, reason) => {
    expect(judge(change)).toEqual([expect.stringMatching(reason)]);
  });

  it('takes forwarders with a port, an IPv6 forwarder and no gateway', () => {
    expect(judge({ forwarders: ['1.1.1.1', '10.0.0.9#5353', '2001:db8::1'], gateway: '' })).toEqual([]);
  });

  it('sets the second of two zones with one domain, or with overlapping networks, aside', () => {
    const other = { ...zone, domain: 'two.internal' };
    expect(reasons({ case: 'zone', value: zone }, { case: 'zone', value: zone })).toEqual([
      'domain lab.internal belongs to another zone',
    ]);
    expect(reasons({ case: 'zone', value: zone }, { case: 'zone', value: other })).toEqual([
      'network 10.64.0.0/22 overlaps another zone',
    ]);
  });
});

describe('reservations', () => {
  const judge = (...changes: Partial<typeof reservation>[]) =>
    reasons(
      { case: 'zone', value: zone },
      ...changes.map((change): Body => ({ case: 'reservation', value: { ...reservation, ...change } })),
    );

  it.each([
    [{ mac: '02:00:00:00:00:0G' }, /six lower-case hex pairs/],
    [{ mac: '02:AA:00:00:00:01' }, /six lower-case/],
    [{ mac: '01:00:5e:00:00:01' }, /multicast/],
    [{ mac: '00:00:00:00:00:00' }, /belongs to nobody/],
    [{ address: '10.64.0.1' }, /is the gateway of lab.internal/],
    [{ address: '10.65.0.9' }, /lies in no zone/],
    [{ address: '10.64.3.255' }, /lies in no zone/],
    [{ address: '::1' }, /not an IPv4 address/],
    [{ hostname: 'a,b' }, /not a DNS label/],
    [{ hostname: '' }, /not a DNS label/],
  ])('refuses %j', (change, reason) => {
    expect(judge(change)).toEqual([expect.stringMatching(reason)]);
  });

  it('keeps the first of two that clash and names what they clash over', () => {
    const other = { mac: '02:00:00:00:00:02', address: '10.64.0.21', hostname: 'web2' };
    expect(judge({}, { ...other, mac: reservation.mac })).toEqual([expect.stringMatching(/^MAC/)]);
    expect(judge({}, { ...other, address: reservation.address })).toEqual([expect.stringMatching(/^address/)]);
    expect(judge({}, { ...other, hostname: 'WEB1' })).toEqual([expect.stringMatching(/^host name/)]);
    expect(judge({}, other)).toEqual([]);
  });

  it('sets a reservation aside whose zone is refused', () => {
    const found = reasons(
      { case: 'zone', value: { ...zone, leaseSeconds: 1 } },
      { case: 'reservation', value: reservation },
    );
    expect(found).toEqual([expect.stringMatching(/lease_seconds/), expect.stringMatching(/lies in no zone/)]);
  });
});

describe('names', () => {
  const name = (fqdn: string, address: string): Body => ({ case: 'nameRecord', value: { fqdn, address } });

  it.each([
    ['web1', '10.64.0.20', /fqdn "web1"/],
    ['web 1.lab', '10.64.0.20', /is not a DNS name/],
    ['1.2.3.4', '10.64.0.20', /is not a DNS name/],
    [`${'a'.repeat(64)}.lab`, '10.64.0.20', /is not a DNS name/],
    ['web1.lab\n0.0.0.0 google.com', '10.64.0.20', /is not a DNS name/],
    ['generation-1.berth.invalid', '10.64.0.20', /the agent's own/],
    ['web1.lab', '10.64.0.256', /not an IPv4 or IPv6 literal/],
    ['web1.lab', 'fe80::1%lo', /not an IPv4 or IPv6 literal/],
  ])('refuses %j at %s', (fqdn, address, reason) => {
    expect(reasons(name(fqdn, address))).toEqual([expect.stringMatching(reason)]);
  });

  it('takes one address of each family for a name, and several names for an address', () => {
    expect(reasons(name('a.lab', '10.0.0.1'), name('a.lab', '2001:db8::1'), name('b.lab', '10.0.0.1'))).toEqual([]);
    expect(reasons(name('a.lab', '10.0.0.1'), name('A.lab', '10.0.0.2'))).toEqual([
      'name A.lab already has the address 10.0.0.1',
    ]);
  });

  it.each([
    [{ fqdn: 'ldap.tcp.lab' }, /_service._proto.name/],
    [{ target: 'cp,9' }, /target "cp,9"/],
    [{ port: 0 }, /port 0/],
    [{ priority: 70_000 }, /priority 70000/],
    [{ weight: 70_000 }, /weight 70000/],
  ])('refuses the service %j', (change, reason) => {
    expect(reasons({ case: 'srvRecord', value: { ...service, ...change } })).toEqual([expect.stringMatching(reason)]);
  });

  it.each([
    ['a.lab', 'x', []],
    ['_acme-challenge.a.lab', 'a, "b" \\ #c', []],
    ['_.lab', 'x', [/fqdn "_.lab"/]],
    ['a_b.lab', 'x', [/fqdn "a_b.lab"/]],
    ['_a', 'x', [/fqdn "_a"/]],
    ['_a.berth.invalid', 'x', [/the agent's own/]],
    ['a.lab', '', [/1–255 printable/]],
    ['a.lab', ' x', [/1–255 printable/]],
    ['a.lab', 'x\ny', [/1–255 printable/]],
    ['a.lab', 'é', [/1–255 printable/]],
    ['a.lab', 'x'.repeat(256), [/1–255 printable/]],
  ])('judges the text of %j: %j', (fqdn, text, found) => {
    const wanted = found.map((reason) => expect.stringMatching(reason));
    expect(reasons({ case: 'txtRecord', value: { fqdn, text } })).toEqual(wanted);
  });

  it('takes several texts of a name, each once', () => {
    const text = (value: string): Body => ({ case: 'txtRecord', value: { fqdn: '_a.lab', text: value } });
    expect(reasons(text('x'), text('y'), text('x'))).toEqual(['_a.lab already has this text']);
  });
});
