import { ContainerState, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState, OperationsService, type WatchOperationResponse } from '@berth/proto/api/v1/operations_pb.js';
import { Code, type ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerRequest } from '../operations/testing/requests.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

describe('containers over the API', () => {
  let bench: ApiBench;
  beforeEach(async () => {
    bench = await openApiBench();
    bench.fleet.start();
    await bench.engine().start();
  });
  afterEach(() => bench.close());

  it('are created, watched, read, listed and deleted', async () => {
    const client = await bench.client(ContainersService, bench.site.owner);
    const made = await client.createContainer(containerRequest('web1'));
    expect(made.container).toMatchObject({ hostname: 'web1', vmid: 100, address: '10.64.1.0', owner: 'olga' });
    expect(made.container?.state).toBe(ContainerState.CREATING);
    expect(made.operation?.steps.map(({ name }) => name)).toContain('await-lease');
    await bench.ended(made.operation?.id ?? '');

    const { container } = await client.getContainer({ container: 'lab/web1' });
    expect(container).toMatchObject({ fqdn: 'web1.lab.internal', activeOperation: '' });
    expect(container?.state).toBe(ContainerState.RUNNING);
    for (const part of ['addressState', 'nameState', 'routesState', 'guestState'] as const) {
      expect(container?.[part]?.ready, `${part}: ${container?.[part]?.summary}`).toBe(true);
    }
    expect(container?.services.map(({ url }) => url)).toEqual([
      'https://web1.apps.lab/',
      'tcp://10.66.0.1:2000',
      'udp://10.66.0.1:2000',
    ]);
    expect((await client.listContainers({})).containers.map(({ id }) => id)).toEqual([container?.id]);

    const { operation } = await client.deleteContainer({ container: 'lab/web1' });
    await bench.ended(operation?.id ?? '');
    expect((await client.listContainers({})).containers).toEqual([]);
  });

  it('do not exist for strangers, and do for administrators', async () => {
    const owner = await bench.client(ContainersService, bench.site.owner);
    const { container } = await owner.createContainer(containerRequest('web1'));
    const stranger = await bench.client(ContainersService, bench.site.stranger);
    const error = await stranger.getContainer({ container: container?.id ?? '' }).catch((e: ConnectError) => e);
    expect(error).toMatchObject({ code: Code.NotFound });
    expect((await stranger.listContainers({})).containers).toEqual([]);
    const administrator = await bench.client(ContainersService, bench.site.administrator);
    expect((await administrator.listContainers({})).containers).toHaveLength(1);
  });

  it('tell of their operation while it goes on, until it has ended', async () => {
    const containers = await bench.client(ContainersService, bench.site.owner);
    const { operation } = await containers.createContainer(containerRequest('web1'));
    const operations = await bench.client(OperationsService, bench.site.owner);
    const heard: WatchOperationResponse[] = [];
    const watching = (async () => {
      for await (const news of operations.watchOperation({ operation: operation?.id ?? '' })) heard.push(news);
    })();
    await bench.ended(operation?.id ?? '');
    await watching;
    expect(heard.at(-1)?.operation?.state).toBe(OperationState.SUCCEEDED);
    const seqs = heard.flatMap(({ log }) => log.map(({ seq }) => Number(seq)));
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    expect(seqs.length).toBeGreaterThan(0);
  });

  it('are watched until they are gone', async () => {
    const client = await bench.client(ContainersService, bench.site.owner);
    const { container, operation } = await client.createContainer(containerRequest('web1'));
    await bench.ended(operation?.id ?? '');
    const states: ContainerState[] = [];
    let deleted = false;
    const watching = (async () => {
      for await (const news of client.watchContainer({ container: container?.id ?? '' })) {
        states.push(news.container?.state ?? ContainerState.UNSPECIFIED);
        deleted = news.deleted;
      }
    })();
    await bench.until('the first news', async () => states.length > 0);
    const deleting = await client.deleteContainer({ container: container?.id ?? '' });
    await bench.ended(deleting.operation?.id ?? '');
    await watching;
    expect(states[0]).toBe(ContainerState.RUNNING);
    expect(deleted).toBe(true);
  });

  it('are deleted while they are being created, by turning the creation round', async () => {
    bench.fleet.script((task) => (task.case === 'startGuest' ? 'silence' : undefined));
    const client = await bench.client(ContainersService, bench.site.owner);
    const { container, operation } = await client.createContainer(containerRequest('web1'));
    await bench.until('the guest', async () => bench.fleet.guests.size > 0);
    const deleting = await client.deleteContainer({ container: container?.id ?? '' });
    expect(deleting.operation?.id).toBe(operation?.id);
    expect(await bench.ended(operation?.id ?? '')).toMatchObject({ state: 'failed', error_reason: 'cancelled' });
    expect(bench.fleet.guests.size).toBe(0);
    expect((await client.listContainers({})).containers).toEqual([]);
  });

  it('are the same ones for a repeated idempotency key, and another request with it is refused', async () => {
    const client = await bench.client(ContainersService, bench.site.owner);
    const [a, b] = await Promise.all([
      client.createContainer(containerRequest('web1', 'key-1')),
      client.createContainer(containerRequest('web1', 'key-1')),
    ]);
    expect(b.container?.id).toBe(a.container?.id);
    expect(b.operation?.id).toBe(a.operation?.id);
    const error = await client.createContainer(containerRequest('web2', 'key-1')).catch((e: ConnectError) => e);
    expect(error).toMatchObject({ code: Code.AlreadyExists, rawMessage: expect.stringContaining('idempotency key') });
    expect((await client.listContainers({})).containers).toHaveLength(1);
  });
});
