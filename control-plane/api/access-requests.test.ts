import { type AccessRequest, AccessRequestState, ContainerRole } from '@berth/proto/api/v1/access_pb.js';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import { lockMailSettings, writeMailSettings } from '../mail/mail-settings.ts';
import { pruneExpired } from '../reconcilers/prune-expired.ts';
import { ACCESS_REQUEST_MS } from '../store/access-requests.ts';
import { deleteContainer } from '../store/containers.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';
import { addPerson, sharedContainer } from './testing/shared-container.ts';

describe('requests for access', () => {
  let bench: ApiBench;
  let web1: Awaited<ReturnType<typeof sharedContainer>>;
  let owner: Caller;
  let sam: Caller;
  beforeEach(async () => {
    bench = await openApiBench();
    web1 = await sharedContainer(bench);
    ({ owner, stranger: sam } = bench.site);
  });
  afterEach(() => bench.close());

  const ask = async (container: string, caller = sam, role = ContainerRole.USER) => {
    const { request } = await (await web1.access(caller)).requestAccess({ container, role, message: 'please' });
    if (!request) throw new Error('no request');
    return request;
  };
  const list = async (caller: Caller, filter: { own?: boolean; closed?: boolean; container?: string } = {}) =>
    (await (await web1.access(caller)).listAccessRequests(filter)).requests;
  const decide = async (request: AccessRequest, grant: boolean, more: { role?: ContainerRole; answer?: string } = {}) =>
    (await web1.access(owner)).decideAccessRequest({ request: request.id, grant, ...more });

  it('look the same to their sender whether or not there is such a container', async () => {
    const shape = ({ id, createdAt, container, ...rest }: AccessRequest) => JSON.stringify(rest);
    const there = await ask('lab/web1');
    const nowhere = await ask('lab/nowhere');
    expect(shape(there)).toBe(shape(nowhere));
    expect((await list(sam, { own: true })).map(shape)).toEqual([shape(nowhere), shape(there)]);
    const rows = await bench.store.db.selectFrom('audit').selectAll().execute();
    const asked = rows.filter(({ action }) => action === 'access.request');
    expect(asked.map(({ container_id, object_name }) => [container_id, object_name])).toEqual([
      [null, 'lab/web1'],
      [null, 'lab/nowhere'],
    ]);
    await bench.store.transaction((tx) => deleteContainer(tx, web1.id));
    expect((await list(sam, { own: true })).map(shape)).toEqual([shape(nowhere), shape(there)]);
  });

  it('reach the owner, and nobody else', async () => {
    const request = await ask('lab/web1');
    expect(await list(owner)).toMatchObject([{ id: request.id, user: 'sam', role: ContainerRole.USER }]);
    const uma = await addPerson(bench, 'uma');
    expect(await list(uma)).toEqual([]);
    expect(await list(bench.site.administrator)).toEqual([]);
    expect(await list(bench.site.administrator, { container: 'lab/web1' })).toHaveLength(1);
    await expect(list(uma, { container: 'lab/web1' })).rejects.toMatchObject({ code: Code.NotFound });
    const client = await web1.access(uma);
    await expect(client.decideAccessRequest({ request: request.id, grant: true })).rejects.toThrow('no access request');
    await expect(client.withdrawAccessRequest({ request: request.id })).rejects.toThrow('no access request');
  });

  it('make their sender a member when they are granted, with the role the owner chooses', async () => {
    const request = await ask('lab/web1');
    await decide(request, true, { role: ContainerRole.VIEWER, answer: 'to begin with' });
    const { container } = await (await web1.containers(sam)).getContainer({ container: web1.id });
    expect(container?.myRole).toBe(ContainerRole.VIEWER);
    expect(await list(sam, { own: true, closed: true })).toMatchObject([
      { state: AccessRequestState.GRANTED, answer: 'to begin with', decidedBy: 'olga' },
    ]);
    await expect(decide(request, false)).rejects.toThrow('decided or taken back');
    await expect(ask('lab/web1', sam, ContainerRole.VIEWER)).rejects.toThrow('You are viewer of web1 already.');
    const more = await ask('lab/web1', sam, ContainerRole.MAINTAINER);
    await decide(more, true);
    const rows = await bench.store.db.selectFrom('audit').selectAll().where('action', '=', 'access.grant').execute();
    expect(rows.map(({ change_json }) => JSON.parse(change_json).role)).toEqual([
      { from: null, to: 'viewer' },
      { from: 'viewer', to: 'maintainer' },
    ]);
  });

  it('leave everything as it is when they are refused or taken back', async () => {
    await decide(await ask('lab/web1'), false);
    const again = await ask('lab/web1');
    await (await web1.access(sam)).withdrawAccessRequest({ request: again.id });
    await expect(decide(again, true)).rejects.toThrow('decided or taken back');
    expect(await list(owner)).toEqual([]);
    expect(await bench.store.db.selectFrom('container_members').selectAll().execute()).toEqual([]);
  });

  it('are changed, not doubled, when they are sent again, and bounded in number', async () => {
    const first = await ask('lab/web1');
    expect((await ask('lab/web1', sam, ContainerRole.MAINTAINER)).id).toBe(first.id);
    expect(await list(owner)).toMatchObject([{ role: ContainerRole.MAINTAINER }]);
    for (let i = 1; i < 20; i++) await ask(`lab/x${i}`);
    await expect(ask('lab/x20')).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  it('are told to the owner by mail once a day, and the answer to their sender', async () => {
    await bench.store.transaction(async (tx) => {
      const server = { host: 'mail.example', senderAddress: 'berth@example.org' };
      await writeMailSettings(tx, { ...(await lockMailSettings(tx)), ...server });
      await tx.db.updateTable('users').set({ email: 'olga@example.org' }).where('id', '=', owner.userId).execute();
    });
    const uma = await addPerson(bench, 'uma');
    await ask('lab/web1', uma);
    const [request] = await list(owner);
    await (await web1.access(uma)).withdrawAccessRequest({ request: request?.id ?? '' });
    await decide(await ask('lab/web1', uma), true);
    await ask('lab/nowhere', uma);
    const mails = await bench.store.db.selectFrom('outgoing_mails').select(['recipient', 'subject']).execute();
    expect(mails).toEqual([
      { recipient: 'olga@example.org', subject: 'uma asks for access to lab/web1' },
      { recipient: 'uma@example.org', subject: 'You have access to lab/web1' },
    ]);
  });

  it('are forgotten after their time', async () => {
    await ask('lab/web1');
    await bench.clock.advance(ACCESS_REQUEST_MS);
    await pruneExpired(bench.store);
    expect(await bench.store.db.selectFrom('access_requests').selectAll().execute()).toEqual([]);
  });
});
