import {
  HttpOptionsSchema,
  type HttpRoute,
  type Resource,
  SignInBy,
  StreamTls,
} from '@berth/proto/agent/v1/resource_pb.js';
import { create, toJson } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { DEFAULT_OPTIONS, serviceOptionsColumn } from '../store/service-options.ts';
import { httpOptions } from './http-options.ts';
import { resourcesOfContainer } from './resources-of-container.ts';
import { contextOf } from './resources-of-site.ts';
import { httpService, SiteModel, sharedService, streamService } from './site-model.ts';

const message = (change: Partial<typeof DEFAULT_OPTIONS>) =>
  toJson(HttpOptionsSchema, create(HttpOptionsSchema, httpOptions('svc-1', { ...DEFAULT_OPTIONS, ...change })));

it('are nothing where nothing is wanted', () => {
  expect(message({})).toEqual({});
});

it('are said as nginx agents know them, and who may come stays with the control plane', () => {
  const hash = '$6$rounds=1000$salt$hash';
  const wanted = message({
    allow: ['10.0.0.0/8'],
    requestsPerSecond: 10,
    burst: 20,
    basicAuth: [{ name: 'ada', hash }],
    maintenance: true,
    maintenanceText: 'Back at nine.',
    healthPath: '/healthz',
    maxBodyBytes: 2 ** 40,
    signIn: { require: 'groups', groups: ['grp-1'], openPaths: ['/hooks'] },
  });
  expect(wanted).toEqual({
    access: { allow: ['10.0.0.0/8'] },
    rateLimit: { requestsPerSecond: 10, burst: 20 },
    basicAuth: { realm: 'This page', users: [{ name: 'ada', passwordHash: hash }] },
    maintenance: { text: 'Back at nine.' },
    healthCheck: { path: '/healthz' },
    maxBodyBytes: '1099511627776',
    signIn: { by: 'SIGN_IN_BY_BERTH', serviceId: 'svc-1', openPaths: ['/hooks'] },
  });
});

it('reach every name of a service, with its path; a port is shared by name', async () => {
  const model = new SiteModel();
  const options = serviceOptionsColumn({ ...DEFAULT_OPTIONS, gzip: true, stripPath: true });
  const streams = { ...streamService(1, 'tcp', 22), options: '{"deny":["10.0.0.0/8"],"proxyProtocol":true}' };
  model.addContainer(1, [
    httpService(1, 0, 80, { path: '/api', options, further: 1 }),
    sharedService(1, 0, 'terminate'),
    streams,
  ]);
  model.setOwnCertificate(1, 'own');
  const placed = await model.read(async (rows) => {
    const [site, [container]] = [await rows.site(), await rows.containers(['ctr-1'])];
    return container ? resourcesOfContainer(container, contextOf(site)) : [];
  });
  const bodies = placed.map(({ resource }) => resource.body);
  const routes = bodies.flatMap((body): HttpRoute[] => (body.case === 'httpRoute' ? [body.value] : []));
  const common = { path: '/api', options: { gzip: true, stripPath: true }, domain: 'apps0.lab' };
  expect(routes).toMatchObject([
    { ...common, host: 'web1-80.apps0.lab', certificate: '=web1-80.apps0.lab' },
    { ...common, host: 'web1-80-1.apps0.lab', certificate: 'apps0.lab' },
  ]);
  const ports = bodies.flatMap((body: Resource['body']) => (body.case === 'streamRoute' ? [body.value] : []));
  expect(ports).toMatchObject([
    { externalPort: 3000, tls: StreamTls.TERMINATE, host: 'db1.apps0.lab', certificate: 'apps0.lab' },
    { externalPort: 2001, sendProxyProtocol: true, access: { allow: [], deny: ['10.0.0.0/8'] } },
  ]);
});

it.each([
  ['members', SignInBy.BERTH],
  ['anybody', SignInBy.BERTH],
  ['oauth2_proxy', SignInBy.OAUTH2_PROXY],
] as const)('%s are asked for by the one who knows', (require, by) => {
  const signIn = { require, groups: [], openPaths: [] };
  expect(httpOptions('svc-1', { ...DEFAULT_OPTIONS, signIn })).toMatchObject({ signIn: { by } });
});
