import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import {
  type HttpOptions,
  type HttpOptionsSchema,
  ServicesService,
  SignInRequirement,
  TlsMode,
} from '@berth/proto/api/v1/services_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import { readServiceOptions } from '../store/service-options.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';
import { sharedContainer } from './testing/shared-container.ts';

type Options = MessageInitShape<typeof HttpOptionsSchema>;

describeEachDialect('services', (create) => {
  let bench: ApiBench;
  let web1: string;
  let owner: Caller;
  let stranger: Caller;
  beforeEach(async () => {
    bench = await openApiBench((await create()).url);
    ({ owner, stranger } = bench.site);
    web1 = (await sharedContainer(bench)).id;
  });
  afterEach(() => bench.close());

  const services = (caller = owner) => bench.client(ServicesService, caller);
  const http = (host: string, more: { path?: string; otherHosts?: string[]; options?: Options } = {}) => ({
    internalPort: 8080,
    exposure: { case: 'http' as const, value: { host, ...more } },
  });
  const tcp = (value: {
    externalPort?: number;
    tls?: TlsMode;
    host?: string;
    allow?: string[];
    proxyProtocol?: boolean;
  }) => ({
    internalPort: 5432,
    exposure: { case: 'tcp' as const, value },
  });
  const add = async (service: ReturnType<typeof http> | ReturnType<typeof tcp>, container = web1, by = owner) =>
    (await (await services(by)).createService({ container, service })).service;
  const change = async (id: string | undefined, service: object, ...paths: string[]) => {
    // Identifiers of rows sort by time; the audit's are read in their order.
    await bench.clock.advance(1);
    const request = { service: { ...service, id: id ?? '' }, updateMask: { paths } };
    return (await (await services()).updateService(request)).service;
  };
  const optionsOf = (service: Awaited<ReturnType<typeof add>>) => {
    if (service?.exposure.case !== 'http') throw new Error('no HTTP service');
    return service.exposure.value.options as HttpOptions;
  };
  /** The container of somebody else. */
  const foreign = async () => {
    const client = await bench.client(ContainersService, stranger);
    const wanted = { site: 'lab', hostname: 'other', template: 'debian-12' };
    const { container } = await client.createContainer({ container: wanted });
    return container?.id ?? '';
  };
  const lastAudit = async () => {
    const row = await bench.store.db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirst();
    return { action: row?.action, object: row?.object_name, change: row?.change_json ?? '' };
  };

  it('have several names, a path of them, or the domain itself', async () => {
    const made = await add(http('apps.lab', { otherHosts: ['www.apps.lab'], path: '/shop/' }));
    expect(made?.exposure.value).toMatchObject({ host: 'apps.lab', otherHosts: ['www.apps.lab'], path: '/shop' });
    expect(made?.url).toBe('https://apps.lab/shop');
    const again = add(http('www.apps.lab', { path: '/shop' }));
    await expect(again).rejects.toMatchObject({ code: Code.AlreadyExists });
    expect((await add(http('www.apps.lab')))?.url).toBe('https://www.apps.lab/');
    const moved = await change(made?.id, http('apps.lab', { path: '/' }), 'http.path', 'http.other_hosts');
    expect(moved?.exposure.value).toMatchObject({ host: 'apps.lab', otherHosts: [], path: '' });
    expect(JSON.parse((await lastAudit()).change)).toEqual({
      hosts: { from: ['apps.lab', 'www.apps.lab'], to: ['apps.lab'] },
      path: { from: '/shop', to: '/' },
    });
  });

  it('get no path, port or name that a container of somebody else serves', async () => {
    const other = await foreign();
    await expect(add(http('web1.apps.lab', { path: '/evil' }), other, stranger)).rejects.toMatchObject({
      code: Code.AlreadyExists,
    });
    const evil = tcp({ tls: TlsMode.TERMINATE, host: 'web1.apps.lab' });
    await expect(add(evil, other, stranger)).rejects.toMatchObject({ code: Code.AlreadyExists });
    await add(tcp({ tls: TlsMode.PASS_THROUGH, host: 'db.apps.lab' }));
    await expect(add(http('db.apps.lab'), other, stranger)).rejects.toMatchObject({ code: Code.AlreadyExists });
    expect((await add(http('web1.apps.lab', { path: '/good' })))?.url).toBe('https://web1.apps.lab/good');
  });

  it('share a port by name, as long as their TLS is alike', async () => {
    const [first, second] = [
      await add(tcp({ tls: TlsMode.TERMINATE, host: 'one.apps.lab', externalPort: 2500 })),
      await add(tcp({ tls: TlsMode.TERMINATE, host: 'two.apps.lab', externalPort: 2500 })),
    ];
    expect([first?.url, second?.url]).toEqual(['tls://one.apps.lab:2500', 'tls://two.apps.lab:2500']);
    const refused = [
      tcp({ externalPort: 2500 }),
      tcp({ externalPort: 2500, tls: TlsMode.PASS_THROUGH, host: 'three.apps.lab' }),
      tcp({ externalPort: 2500, tls: TlsMode.TERMINATE, host: 'one.apps.lab' }),
    ];
    for (const each of refused) await expect(add(each)).rejects.toMatchObject({ code: Code.AlreadyExists });
    const listed = tcp({ externalPort: 2500, tls: TlsMode.TERMINATE, host: 'four.apps.lab', allow: ['10.0.0.0/8'] });
    await expect(add(listed)).rejects.toMatchObject({ code: Code.InvalidArgument });
    const told = tcp({ externalPort: 2500, tls: TlsMode.TERMINATE, host: 'five.apps.lab', proxyProtocol: true });
    await expect(add(told)).rejects.toMatchObject({ code: Code.InvalidArgument });
    const guarded = change(second?.id, { exposure: { case: 'tcp', value: { deny: ['10.0.0.0/8'] } } }, 'tcp.deny');
    await expect(guarded).rejects.toMatchObject({ code: Code.InvalidArgument });
  });

  it('take the lowest free port also where ports are shared', async () => {
    await add(tcp({ tls: TlsMode.TERMINATE, host: 'one.apps.lab', externalPort: 2001 }));
    await add(tcp({ tls: TlsMode.TERMINATE, host: 'two.apps.lab', externalPort: 2001 }));
    expect((await add(tcp({ tls: TlsMode.TERMINATE, host: 'three.apps.lab' })))?.url).toBe('tls://three.apps.lab:2002');
  });

  it('change by single options, and by all at once', async () => {
    const made = await add(
      http('api.apps.lab', { options: { gzip: true, deny: ['192.0.2.0/24'], timeoutSeconds: 60 } }),
    );
    const one = await change(made?.id, http('', { options: { maintenance: true } }), 'http.options.maintenance');
    expect(optionsOf(one)).toMatchObject({ gzip: true, maintenance: true, deny: ['192.0.2.0/24'], timeoutSeconds: 60 });
    expect(JSON.parse((await lastAudit()).change)).toEqual({ maintenance: { from: null, to: true } });
    const all = await change(made?.id, http('', { options: { maxBodyBytes: 5n } }), 'http.options');
    expect(optionsOf(all)).toMatchObject({ gzip: false, maintenance: false, deny: [], maxBodyBytes: 5n });
    const none = await change(made?.id, http(''), 'http.options');
    expect(optionsOf(none)).toBeUndefined();
    const row = await bench.store.db
      .selectFrom('services')
      .select('options')
      .where('id', '=', made?.id ?? '')
      .execute();
    expect(row).toEqual([{ options: null }]);
  });

  it('hash passwords at once, show none, and keep that of a name which comes without', async () => {
    const made = await add(http('gate.apps.lab', { options: { basicAuth: [{ name: 'ada', password: 'six gulls' }] } }));
    expect(optionsOf(made).basicAuth).toMatchObject([{ name: 'ada', password: '' }]);
    expect((await lastAudit()).change).not.toMatch(/gulls|\$6\$/);
    const stored = async () => {
      const query = bench.store.db
        .selectFrom('services')
        .select('options')
        .where('id', '=', made?.id ?? '');
      return readServiceOptions((await query.executeTakeFirstOrThrow()).options).basicAuth;
    };
    const [before] = await stored();
    expect(before?.hash).toMatch(/^\$6\$rounds=1000\$/);
    const users = [{ name: 'ada' }, { name: 'bob', password: 'ten terns' }];
    await change(made?.id, http('', { options: { basicAuth: users } }), 'http.options.basic_auth');
    expect((await stored())[0]).toEqual(before);
    const unknown = change(
      made?.id,
      http('', { options: { basicAuth: [{ name: 'eve' }] } }),
      'http.options.basic_auth',
    );
    await expect(unknown).rejects.toMatchObject({ code: Code.InvalidArgument });
    const renewed = http('', { options: { basicAuth: [{ name: 'ada', password: 'one heron' }] } });
    await change(made?.id, renewed, 'http.options.basic_auth');
    expect((await stored())[0]?.hash).not.toBe(before?.hash);
    const { change: told } = await lastAudit();
    expect(JSON.parse(told)).toMatchObject({ passwordsOf: ['ada'], basicAuth: { from: ['ada', 'bob'], to: ['ada'] } });
    expect(told).not.toMatch(/heron|\$6\$/);
  });

  it('ask for groups by name, and keep them when the group is called otherwise', async () => {
    const signIn = { require: SignInRequirement.GROUPS, groups: ['sysadmins'], openPaths: ['/hooks/'] };
    const made = await add(http('inner.apps.lab', { options: { signIn } }));
    expect(optionsOf(made).signIn).toMatchObject({ groups: ['sysadmins'], openPaths: ['/hooks'] });
    await bench.store.transaction(async (tx) => {
      await tx.db.updateTable('groups').set({ name: 'harbour' }).where('name', '=', 'sysadmins').execute();
    });
    const same = await change(made?.id, http('', { options: { gzip: true } }), 'http.options.gzip');
    expect(optionsOf(same).signIn?.groups).toEqual(['harbour']);
    const proxied = { require: SignInRequirement.OAUTH2_PROXY };
    const lacking = change(made?.id, http('', { options: { signIn: proxied } }), 'http.options.sign_in');
    await expect(lacking).rejects.toMatchObject({ code: Code.InvalidArgument });
  });
});
