import { ContainerRole } from '@berth/proto/api/v1/access_pb.js';
import { type AuditEntry, type AuditFilterSchema, AuditService, AuditVia } from '@berth/proto/api/v1/audit_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import { audit } from '../store/audit.ts';
import { insertSiteAdministrator } from '../store/site-administrators.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';
import { addPerson, sharedContainer } from './testing/shared-container.ts';

type Filter = MessageInitShape<typeof AuditFilterSchema>;

describe('the audit log', () => {
  let bench: ApiBench;
  let web1: Awaited<ReturnType<typeof sharedContainer>>;
  let owner: Caller;
  let uma: Caller;
  let sita: Caller;
  let start: number;

  beforeAll(async () => {
    bench = await openApiBench();
    web1 = await sharedContainer(bench);
    start = bench.clock.now();
    ({ owner } = bench.site);
    [uma, sita] = [await addPerson(bench, 'uma'), await addPerson(bench, 'sita')];
    await bench.store.transaction((tx) => insertSiteAdministrator(tx, bench.site.siteId, { userId: sita.userId }));
    await bench.clock.advance(1_000);
    const share = await web1.access(owner);
    const holder = { holder: { case: 'user' as const, value: 'uma' } };
    await share.setMember({ container: web1.id, holder, role: ContainerRole.MAINTAINER });
    await bench.clock.advance(1_000);
    const change = { container: { id: web1.id, description: 'Uma’s 100 %' }, updateMask: { paths: ['description'] } };
    await (await web1.containers(uma)).updateContainer(change);
    await bench.clock.advance(1_000);
    await note('somewhere.else', { siteId: null, address: '192.0.2.7' });
    await bench.clock.advance(1_000);
    await note('container.logins.set-up', { siteId: bench.site.siteId, address: '192.0.2.8', containerId: web1.id });
  });
  afterAll(() => bench.close());

  const note = (action: string, more: { siteId: string | null; address: string; containerId?: string }) =>
    bench.store.transaction((tx) =>
      audit(tx, {
        ...{ userId: null, action, objectKind: 'thing', objectId: 'x', change: {}, requestId: 'req-1' },
        ...more,
      }),
    );
  const list = async (caller: Caller, filter: Filter = {}, page = {}) =>
    (await bench.client(AuditService, caller)).listAuditEntries({ filter, ...page });
  const actions = async (caller: Caller, filter: Filter = {}) =>
    (await list(caller, filter)).entries.map(({ action }) => action);

  it('says who did what to what, by which way, and what was before', async () => {
    const { entries } = await list(bench.site.administrator, { action: 'container.update' });
    expect(entries).toMatchObject([
      {
        user: 'uma',
        objectKind: 'container',
        objectId: web1.id,
        objectName: 'lab/web1',
        container: web1.id,
        site: bench.site.siteId,
        via: AuditVia.API,
        changes: [{ field: 'description', from: '', to: 'Uma’s 100 %' }],
      },
    ]);
  });

  it('shows everybody what is his business, newest first', async () => {
    const ofContainer = ['container.logins.set-up', 'container.update', 'container.share', 'container.create'];
    expect(await actions(bench.site.administrator)).toEqual([
      ofContainer[0],
      'somewhere.else',
      ...ofContainer.slice(1),
    ]);
    expect(await actions(sita)).toEqual(ofContainer);
    expect(await actions(owner)).toEqual(ofContainer);
    expect(await actions(uma)).toEqual(['container.update']);
    expect(await actions(bench.site.stranger)).toEqual([]);
  });

  it('tells where something came from only to whom that concerns', async () => {
    const from = async (caller: Caller) =>
      (await list(caller, { action: 'container.logins' })).entries.map(({ address }) => address);
    expect(await from(bench.site.administrator)).toEqual(['192.0.2.8']);
    expect(await from(sita)).toEqual(['192.0.2.8']);
    expect(await from(owner)).toEqual(['']);
    expect(await actions(sita, { address: '192.0.2.8' })).toHaveLength(1);
    expect(await actions(owner, { address: '192.0.2.8' })).toEqual([]);
  });

  it.each<[string, Filter, number]>([
    ['who', { user: 'uma' }, 1],
    ['the beginning of an action', { action: 'container.' }, 4],
    ['the name of an object', { object: 'lab/web1' }, 4],
    ['a site', { site: 'lab' }, 4],
    ['a word in the change, whatever its case', { text: 'uma’S 100 %' }, 1],
    ['a word that is a pattern', { text: 'u_a' }, 0],
    ['a word in an action', { text: 'WHERE.els' }, 1],
  ])('is searched by %s', async (_, filter, found) => {
    expect(await actions(bench.site.administrator, filter)).toHaveLength(found);
  });

  it('is searched by time', async () => {
    const at = (seconds: number) => timestampFromMs(start + seconds * 1_000);
    const { administrator } = bench.site;
    expect(await actions(administrator, { since: at(1), until: at(2) })).toEqual(['container.share']);
    expect(await actions(administrator, { until: at(1) })).toEqual(['container.create']);
  });

  it('comes in pages that belong to one search', async () => {
    const first = await list(owner, {}, { pageSize: 3 });
    const rest = await list(owner, {}, { pageSize: 3, pageToken: first.nextPageToken });
    expect([first, rest].map(({ entries }) => entries.length)).toEqual([3, 1]);
    const other = list(owner, { action: 'container.' }, { pageSize: 3, pageToken: first.nextPageToken });
    await expect(other).rejects.toMatchObject({ code: Code.InvalidArgument });
  });

  it('is exported oldest first, the same entries', async () => {
    const exported: AuditEntry[] = [];
    const client = await bench.client(AuditService, owner);
    for await (const { entries } of client.exportAudit({})) exported.push(...entries);
    expect(exported.reverse()).toEqual((await list(owner)).entries);
  });

  it('keeps the names of people who are gone', async () => {
    const gone = await addPerson(bench, 'gone');
    await (await web1.access(gone)).requestAccess({ container: 'lab/x', role: ContainerRole.USER });
    await bench.store.transaction((tx) => tx.db.deleteFrom('users').where('id', '=', gone.userId).execute());
    expect((await list(bench.site.administrator, { user: 'gone' })).entries).toMatchObject([{ user: 'gone' }]);
  });
});
