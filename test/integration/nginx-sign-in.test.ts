/** The gate of the real nginx, with a control plane that says what the test wants. */

import { SignInBy } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeTestCertificate } from './nginx-certificate.ts';
import { CONTROL_PLANE, ingress, NginxGate, portOf, rawStatus, reached, wants } from './nginx-gate.ts';
import { type NginxHost, route } from './nginx-host.ts';

const HTML = { accept: 'text/html,*/*' };

let gate: NginxGate;
let host: NginxHost;
beforeAll(async () => {
  gate = await NginxGate.start();
  host = gate.host;
});
afterAll(() => gate?.close());
beforeEach(() => {
  gate.forget();
  gate.answers({ status: 204, headers: { 'x-user': 'ada', 'x-preferred-username': 'ada', 'x-groups': 'crew' } });
});

describe('the gate', () => {
  test('asks about each request, and the app learns who comes by nobody else', async () => {
    const forged = { 'x-user': 'root', 'x-email': 'root@x', 'x-groups': 'sysadmins', 'x-preferred-username': 'root' };
    const { status, body } = await host.get('wiki.apps.lab', '/page?a=1', { headers: { ...forged } });
    expect(status).toBe(200);
    expect(reached({ body }).headers).toMatchObject({ 'x-user': 'ada', 'x-groups': 'crew' });
    expect(reached({ body }).headers).not.toHaveProperty('x-email');
    expect(gate.asked).toHaveLength(1);
    expect(gate.asked[0]).toMatchObject({ url: '/app-sign-in/check', method: 'GET' });
    expect(gate.asked[0]?.headers).toMatchObject({
      'x-berth-host': 'wiki.apps.lab',
      'x-berth-service': 'svc-1',
      'x-berth-uri': '/page?a=1',
    });
    const open = reached(await host.get('open.apps.lab', '/', { headers: forged })).headers;
    for (const name of Object.keys(forged)) expect(open).not.toHaveProperty(name);
    expect(gate.asked).toHaveLength(1);
  });

  test('asks each path of a host about its own service', async () => {
    await host.get('wiki.apps.lab', '/inner/page');
    await host.get('wiki.apps.lab', '/innermost');
    expect(gate.asked.map(({ headers }) => headers['x-berth-service'])).toEqual(['svc-2', 'svc-1']);
    expect((await host.get('wiki.apps.lab', '/public/x')).status).toBe(200);
    expect(gate.asked).toHaveLength(2);
  });

  test('tells the control plane no more than it must know, and the client decides none of it', async () => {
    const mine = {
      'x-berth-host': 'evil',
      'x-berth-service': 'svc-9',
      'x-berth-gate': 'forged',
      'x-berth-navigates': '1',
    };
    const cookie = 'a=1; __Host-berth-app=aps-1.5.seal; b=2; __Host-berth-app-state=S; __Host-berth=bes_x';
    const { body } = await host.get('wiki.apps.lab', '/', {
      headers: {
        ...mine,
        cookie,
        authorization: 'secret',
      },
    });
    const headers = gate.asked[0]?.headers ?? {};
    expect(headers).toMatchObject({ 'x-berth-host': 'wiki.apps.lab', 'x-berth-service': 'svc-1' });
    expect([headers['x-berth-gate'], headers['x-berth-state']]).toEqual(['aps-1.5.seal', 'S']);
    expect(headers['x-berth-navigates']).toBeUndefined();
    expect(headers.cookie).toBeUndefined();
    expect(headers.authorization).toBeUndefined();
    expect(reached({ body }).headers.cookie).toBe('a=1; b=2');
  });

  test.each([
    ['__Host-berth-app=x', undefined],
    ['__Host-berth-app=x; a=1', 'a=1'],
    ['a=1;__Host-berth-app=x', 'a=1'],
    ['a=1; my__Host-berth-app=y', 'a=1; my__Host-berth-app=y'],
    ['a="__Host-berth"; __Host-berth-app=x; __Host-berth-app-state=y; __Host-berth=z', 'a="__Host-berth"'],
  ])('keeps Berth’s own cookies from any app: %s', async (cookie, left) => {
    for (const name of ['wiki.apps.lab', 'open.apps.lab']) {
      expect(reached(await host.get(name, '/', { headers: { cookie } })).headers.cookie).toBe(left);
    }
  });

  test('sends a browser to sign in with what it must take along, and nobody else anywhere', async () => {
    const location = 'https://berth.example/app-sign-in?host=wiki.apps.lab';
    gate.answers({
      status: 401,
      headers: { 'x-berth-location': location, 'x-berth-cookie': '__Host-berth-app-state=S' },
    });
    const { status, headers } = await host.get('wiki.apps.lab', '/', { headers: HTML });
    expect([status, headers.location]).toEqual([302, location]);
    expect(headers['set-cookie']).toEqual(['__Host-berth-app-state=S']);
    expect(gate.asked[0]?.headers['x-berth-navigates']).toBe('1');
    gate.answers({ status: 401 });
    const programs = [
      { accept: '*/*' },
      { ...HTML, 'x-requested-with': 'XMLHttpRequest' },
      { ...HTML, 'sec-fetch-mode': 'cors' },
      { ...HTML, upgrade: 'websocket', connection: 'upgrade' },
    ];
    for (const extra of programs) {
      const refused = await host.get('wiki.apps.lab', '/', { headers: extra });
      expect([refused.status, refused.headers.location]).toEqual([401, undefined]);
    }
    expect((await host.get('wiki.apps.lab', '/', { method: 'POST', body: 'x', headers: HTML })).status).toBe(401);
    expect(gate.asked.filter(({ headers: h }) => h['x-berth-navigates'])).toHaveLength(1);
  });

  test('refuses whoever is not allowed, and leaves the app’s own refusals alone', async () => {
    gate.answers({ status: 403 });
    const { status, headers } = await host.get('wiki.apps.lab', '/', { headers: HTML });
    expect([status, headers['x-berth-error']]).toEqual([403, 'forbidden']);
    gate.answers({ status: 204 });
    expect((await host.get('wiki.apps.lab', '/fails')).headers['x-berth-error']).toBeUndefined();
    expect((await host.get('wiki.apps.lab', '/fails')).status).toBe(500);
    expect((await host.get('wiki.apps.lab', '/refuses', { headers: HTML })).status).toBe(401);
  });

  test('passes a new cookie on beside the app’s own', async () => {
    gate.answers({ status: 204, headers: { 'x-berth-cookie': '__Host-berth-app=new' } });
    expect((await host.get('wiki.apps.lab')).headers['set-cookie']).toEqual(['own=1', '__Host-berth-app=new']);
  });

  test('passes what is below /.berth on, and hides the question itself', async () => {
    gate.answers({ status: 303, headers: { location: '/page', 'set-cookie': '__Host-berth-app=x' } });
    const { status, headers } = await host.get('wiki.apps.lab', '/.berth/sign-in?code=c&path=%2Fpage');
    expect([status, headers.location, headers['set-cookie']]).toEqual([303, '/page', ['__Host-berth-app=x']]);
    expect(gate.asked[0]?.url).toBe('/app-sign-in/gate/sign-in?code=c&path=%2Fpage');
    expect((await host.get('wiki.apps.lab', '/.berth/check')).status).toBe(404);
    expect((await host.get('wiki.apps.lab', '/.berth/oauth2')).status).toBe(303);
    const report = await host.apply(route('wiki.apps.lab', portOf(gate.app), { path: '/.berth/sign-in' }));
    expect(report.errors[0]?.stderrTail).toMatch(/ingress's own/);
    host.resources.delete('httpRoute/wiki.apps.lab/.berth/sign-in');
    await host.apply();
  });

  test.each([
    '/.berth/../page',
    '//page',
    '/./page',
    '/hooks/../page',
    '/hooks/..%2fpage',
    '/hooks%2f..%2fpage',
    '/hooks/%2e%2e/page',
    '/public/../page',
    '/public/%2e%2e%2fpage',
    '/HOOKS',
    '/hooksx',
    '/.berth%2f..%2fpage',
  ])('is not got around by %s', async (path) => {
    gate.answers({ status: 401 });
    expect(await rawStatus(host, 'wiki.apps.lab', `GET ${path} HTTP/1.1\r\nHost: wiki.apps.lab`)).not.toBe(200);
  });

  test.each([
    '/hooks/..%252fpage',
    '/hooks/..;/page',
    '/hooks/x\\..\\..\\page',
    '/hooks//page',
    '//hooks/page',
    '/hooks/%5c..%5cpage',
  ])('an open path that may mean another is refused: %s', async (path) => {
    gate.answers({ status: 401 });
    expect([400, 401]).toContain(await rawStatus(host, 'wiki.apps.lab', `GET ${path} HTTP/1.1\r\nHost: wiki.apps.lab`));
  });

  test('asks nobody at an open path, and tells the app nothing there', async () => {
    gate.answers({ status: 401 });
    for (const path of ['/hooks', '/hooks/x?y=..%2f', '/.well-known/x/y']) {
      const found = await host.get('wiki.apps.lab', path, { headers: { 'x-user': 'root' } });
      expect([found.status, reached(found).url]).toEqual([200, path]);
      expect(reached(found).headers).not.toHaveProperty('x-user');
    }
    expect(gate.asked).toEqual([]);
  });

  test('is there without a Host, by HTTP/1.0, and nothing goes over plain HTTP', async () => {
    gate.answers({ status: 401 });
    expect(await rawStatus(host, 'wiki.apps.lab', 'GET / HTTP/1.0')).not.toBe(200);
    expect(await rawStatus(host, 'open.apps.lab', 'GET / HTTP/1.1\r\nHost: wiki.apps.lab')).not.toBe(200);
    const { status, headers } = await host.getPlain('clear.apps.lab', '/x');
    expect([status, headers.location]).toEqual([301, `https://clear.apps.lab:${host.httpsPort}/x`]);
  });
});

describe('an oauth2-proxy of the domain', () => {
  test('is asked as its documentation says, and its answer told by our names', async () => {
    const said = { user: 'u1', 'preferred-username': 'ada', groups: 'a,b', email: 'a@x' };
    const headers = Object.fromEntries(Object.entries(said).map(([name, value]) => [`x-auth-request-${name}`, value]));
    gate.answers({ status: 202, headers: { ...headers, 'set-cookie': '_oauth2_proxy=new' } });
    const found = await host.get('proxied.apps.lab', '/p?q=1', {
      headers: {
        cookie: '_oauth2_proxy=1',
        'x-user': 'root',
      },
    });
    expect(reached(found).headers).toMatchObject({
      'x-user': 'u1',
      'x-preferred-username': 'ada',
      'x-groups': 'a,b',
      'x-email': 'a@x',
    });
    expect(found.headers['set-cookie']).toContain('_oauth2_proxy=new');
    expect(gate.asked[0]).toMatchObject({ url: '/oauth2/auth', method: 'GET' });
    expect(gate.asked[0]?.headers).toMatchObject({
      host: `127.0.0.1:${portOf(gate.proxy)}`,
      cookie: '_oauth2_proxy=1',
      'x-forwarded-host': 'proxied.apps.lab',
      'x-forwarded-uri': '/p?q=1',
    });
    expect(gate.asked[0]?.headers).not.toHaveProperty('x-user');
  });

  test('leads browsers in and back', async () => {
    gate.answers({ status: 401 });
    const { status, headers } = await host.get('proxied.apps.lab', '/a/b?q=1', { headers: HTML });
    const back = encodeURIComponent(`https://proxied.apps.lab:${host.httpsPort}`);
    expect([status, headers.location]).toEqual([
      302,
      `http://127.0.0.1:${portOf(gate.proxy)}/oauth2/start?rd=${back}/a/b`,
    ]);
    expect((await host.get('proxied.apps.lab', '/')).status).toBe(401);
  });

  test('is missed by a route of a domain that has none', async () => {
    const lonely = wants({ by: SignInBy.OAUTH2_PROXY });
    const report = await host.apply(route('lonely.apps.lab', portOf(gate.app), { ...lonely, domain: '' }));
    expect(report.errors[0]?.stderrTail).toMatch(/no oauth2-proxy/);
    expect((await host.get('lonely.apps.lab')).status).toBe(404);
  });
});

describe('a control plane that cannot be asked', () => {
  const closed = async () => {
    const { status, headers, body } = await host.get('wiki.apps.lab', '/', { headers: HTML });
    expect([status, headers['retry-after'], headers['x-berth-error']]).toEqual([503, '5', 'sign_in_unavailable']);
    expect(body).toContain('nobody is let in');
    expect((await host.get('wiki.apps.lab', '/.berth/sign-in?code=x')).status).toBe(503);
    expect((await host.get('open.apps.lab')).status).toBe(200);
    expect((await host.get('wiki.apps.lab', '/hooks')).status).toBe(200);
  };

  test('lets nobody in when it answers with a fault', async () => {
    for (const status of [500, 502, 200 + 100, 404]) {
      gate.answers({ status });
      expect((await host.get('wiki.apps.lab')).status).toBe(503);
    }
  });

  test('lets nobody in when its certificate is another’s', async () => {
    const other = await makeTestCertificate([CONTROL_PLANE]);
    await host.apply(ingress(portOf(gate.controlPlane), other.chainPem));
    await closed();
    await host.apply(ingress(portOf(gate.controlPlane), gate.trusted, 'elsewhere.example'));
    await closed();
    expect(gate.asked).toEqual([]);
  });

  test('lets nobody in when it is not there, not known or not right, and serves everything else', async () => {
    await host.apply(ingress(1, gate.trusted));
    await closed();
    expect((await host.apply(ingress(1, 'no certificate'))).errors[0]?.stderrTail).toMatch(/PEM/);
    await closed();
    await host.apply(makeResource('ingress', { case: 'ingress', value: {} }));
    await closed();
    await host.apply(ingress(portOf(gate.controlPlane), gate.trusted));
    gate.answers({ status: 204 });
    expect((await host.get('wiki.apps.lab')).status).toBe(200);
  });
});
