import { StreamProtocol, StreamTls } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { expect, test } from 'vitest';
import { faultOf } from './faults.ts';
import { makePlan } from './plan.ts';
import {
  fixtureCertificate,
  fixtureSet,
  httpRoute,
  namedStream,
  RESERVED,
  setOf,
  streamRoute,
} from './render-fixture.ts';

const options = { reservedPorts: RESERVED, stream: true };
const apps = fixtureCertificate('apps', true, '*.apps.lab');

function wordsOf(...resources: Parameters<typeof setOf>): (string | undefined)[] {
  return makePlan(setOf(...resources), options).faults.map((fault) => fault.stderrTail);
}

test('everything sound is planned', () => {
  const plan = makePlan(fixtureSet(), options);
  expect(plan.faults).toEqual([]);
  expect([plan.routes.length, plan.streams.length, plan.certificates.length, plan.challenges.length]).toEqual([
    20, 7, 3, 1,
  ]);
});

test('a second claim to a host or a port is set aside and names the first', () => {
  const [first, second] = ['one', 'two'].map((name) =>
    makeResource(name, {
      case: 'httpRoute',
      value: { host: 'a.apps.lab', certificate: 'apps', backend: { address: '10.0.0.1', port: 80 } },
    }),
  );
  if (!first || !second) throw new Error('two routes expected');
  expect(wordsOf(apps, first, second)).toEqual(['a.apps.lab is already taken by "one"']);
});

test('ports of nginx’s own, and streams without the module, are refused', () => {
  const stream = streamRoute(StreamProtocol.TCP, 443, 22);
  expect(wordsOf(stream)).toEqual(["tcp/443 is a port of nginx's own"]);
  expect(makePlan(setOf(stream), { ...options, stream: false }).faults[0]?.stderrTail).toContain('no stream module');
});

test('names share a port as long as they agree about it', () => {
  const words = wordsOf(
    apps,
    namedStream('a.apps.lab', 5432),
    namedStream('b.apps.lab', 5432, { sendProxyProtocol: true }),
    namedStream('c.apps.lab', 5432, { tls: StreamTls.TERMINATE, certificate: 'apps' }),
    namedStream('d.apps.lab', 5432, { access: { deny: ['10.0.0.1'] } }),
    namedStream('e.apps.lab', 5432),
    namedStream('f.other.lab', 6432, { tls: StreamTls.TERMINATE, certificate: 'apps' }),
    namedStream('g.apps.lab', 7432, { tls: StreamTls.UNSPECIFIED }),
    streamRoute(StreamProtocol.TCP, 5432, 22),
  );
  expect(words).toEqual([
    'without TLS no client says which name it wants',
    'tcp/5432 is already taken by "5432/a.apps.lab", which does not want the PROXY protocol',
    'tcp/5432 is already taken by "5432/a.apps.lab", which uses TLS in another way',
    'tcp/5432 is already taken by "5432/a.apps.lab", which is open to other addresses',
    'certificate "apps" is for *.apps.lab, not for f.other.lab',
    'tcp/5432 is already taken by "5432/a.apps.lab", which uses TLS in another way',
  ]);
});

test('a wildcard covers one label, not two', () => {
  expect(wordsOf(apps, httpRoute('a.b.apps.lab', '10.0.0.1'))).toEqual([
    'certificate "apps" is for *.apps.lab, not for a.b.apps.lab',
  ]);
});

test('every field is checked, and the words say what is wrong', () => {
  const words = wordsOf(
    apps,
    httpRoute('Upper.apps.lab', '10.0.0.1'),
    httpRoute('b.apps.lab', '10.0.0.300'),
    makeResource('c', { case: 'httpRoute', value: { host: 'c.apps.lab', certificate: 'apps' } }),
    makeResource('d', { case: 'httpRoute', value: { host: 'd.apps.lab', backend: { address: '10.0.0.1', port: 0 } } }),
    makeResource('e', { case: 'streamRoute', value: { externalPort: 70_000, protocol: StreamProtocol.TCP } }),
    makeResource('f', { case: 'streamRoute', value: { externalPort: 7000 } }),
    makeResource('g', { case: 'certificate', value: { dnsNames: [] } }),
    makeResource('h', {
      case: 'certificate',
      value: { dnsNames: ['a.b'], keyPem: '-----BEGIN ENCRYPTED PRIVATE KEY-----' },
    }),
  );
  expect(words).toEqual([
    'it covers no name',
    'its private key is encrypted',
    'host "Upper.apps.lab" is not a lower-case DNS name of two labels or more',
    'backend address "10.0.0.300" is not that of a host',
    'backend is missing',
    'backend port 0 is not in 1–65535',
    'external port 70000 is not in 1–65535',
    'protocol is neither TCP nor UDP',
  ]);
});

test('what was set aside before takes its dependents with it', () => {
  const fault = faultOf(apps, 'validate', 'nginx said no');
  const plan = makePlan(
    setOf(apps, httpRoute('a.apps.lab', '10.0.0.1')),
    options,
    new Map([['certificate/apps', fault]]),
  );
  expect(plan.certificates).toEqual([]);
  expect(plan.faults.map((each) => each.stderrTail)).toEqual([
    'nginx said no',
    'certificate "apps" is missing or set aside itself',
  ]);
});
