import { makeResource } from '@berth/proto/contract/resource.ts';
import { expect, it } from 'vitest';
import { dnsmasqConfigSchema } from './config.ts';
import { render } from './render.ts';
import { validate } from './validate.ts';

const config = dnsmasqConfigSchema.parse({
  rootDir: '/srv/berth',
  interfaces: ['lan0'],
  manage: true,
  user: 'dnsmasq',
});
const stamp = { generation: 7n, nonce: 'c0ffee' };

const zone = makeResource('lab', {
  case: 'zone',
  value: {
    domain: 'lab.internal',
    network: '10.64.0.0/22',
    rangeStart: '10.64.0.10',
    rangeEnd: '10.64.3.250',
    gateway: '10.64.0.1',
    dnsServers: ['10.64.0.1', '10.64.0.9'],
    forwarders: ['1.1.1.1', '10.65.0.1#5353'],
    leaseSeconds: 3600,
  },
});
const reservation = makeResource('c1', {
  case: 'reservation',
  value: { mac: '02:00:00:00:00:01', address: '10.64.0.20', hostname: 'web1' },
});
const name = makeResource('c1', {
  case: 'nameRecord',
  value: { fqdn: 'web1.lab.internal', address: '10.64.0.20' },
});
const service = makeResource('ldap', {
  case: 'srvRecord',
  value: { fqdn: '_ldap._tcp.lab.internal', target: 'cp.lab.internal', port: 636, priority: 10, weight: 5 },
});

const record = makeResource('txt1', {
  case: 'txtRecord',
  value: { fqdn: '_acme-challenge.apps.lab.internal', text: 'a, "b" \\ #c' },
});

function renderAll(resources: Parameters<typeof validate>[0], change: Partial<typeof config> = {}) {
  return render(validate(resources).valid, { ...config, ...change }, stamp);
}

const all = new Map([
  ['zone/lab', zone],
  ['reservation/c1', reservation],
  ['nameRecord/c1', name],
  ['srvRecord/ldap', service],
  ['txtRecord/txt1', record],
]);

it('renders a site as its golden files', async () => {
  const { files } = renderAll(all);
  const text = [...files].map(([file, content]) => `==> ${file}\n${content}`).join('\n');
  await expect(text).toMatchFileSnapshot('golden/site.txt');
});

it('leaves everything of DHCP out where it is off', () => {
  expect(renderAll(all, { dhcp: false }).files.get('dnsmasq.conf')).not.toContain('dhcp');
});

it('offers no router when the zone has no gateway', () => {
  const open = makeResource('lab', { case: 'zone', value: { ...bodyOf(zone), gateway: '' } });
  const main = renderAll(new Map([['zone/lab', open]])).files.get('dnsmasq.conf');
  expect(main).toMatch(/^dhcp-option=tag:zone0,option:router$/m);
});

it('keeps the main file as it is when a container comes', () => {
  const before = renderAll(new Map([['zone/lab', zone]]));
  const after = renderAll(new Map([...all].filter(([key]) => !/^(srv|txt)Record/.test(key))));
  expect(after.files.get('dnsmasq.conf')).toBe(before.files.get('dnsmasq.conf'));
  expect(after.mainDigest).toBe(before.mainDigest);
});

it('knows which resource a line of the main file comes from', () => {
  const { files, owners } = renderAll(all);
  const lines = files.get('dnsmasq.conf')?.split('\n') ?? [];
  const owned = (text: string) => owners.get(lines.findIndex((line) => line.startsWith(text)) + 1);
  expect([owned('dhcp-range='), owned('srv-host='), owned('port=')]).toEqual(['zone/lab', 'srvRecord/ldap', undefined]);
});

function bodyOf(resource: typeof zone) {
  if (resource.body.case !== 'zone') throw new Error('not a zone');
  return resource.body.value;
}
