import { ContainerState, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerRequest } from '../operations/testing/requests.ts';
import { noteCondition } from '../store/conditions.ts';
import type { Database } from '../store/schema.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

describe('what a container shows', () => {
  let bench: ApiBench;
  let id: string;
  beforeEach(async () => {
    bench = await openApiBench();
    bench.fleet.start();
    await bench.engine().start();
    const client = await bench.client(ContainersService, bench.site.owner);
    const made = await client.createContainer(containerRequest('web1'));
    await bench.ended(made.operation?.id ?? '');
    id = made.container?.id ?? '';
  });
  afterEach(() => bench.close());

  const shown = async () => {
    const client = await bench.client(ContainersService, bench.site.owner);
    const { container } = await client.getContainer({ container: id });
    if (!container) throw new Error('no container');
    return container;
  };
  const set = (table: 'guest_states' | 'containers' | 'agents', change: Partial<Database['guest_states']>) =>
    bench.store.transaction(async (tx) => {
      await tx.db.updateTable(table).set(change).execute();
    });

  it('is missing when its guest is gone, and nothing is done about it', async () => {
    await set('guest_states', { exists_on_node: 0 });
    expect(await shown()).toMatchObject({
      state: ContainerState.MISSING,
      guestState: { ready: false, summary: 'not there on pve1' },
    });
    await bench.clock.advance(60_000);
    expect(await bench.store.db.selectFrom('operations').select('kind').execute()).toEqual([
      { kind: 'container.create' },
    ]);
  });

  it('is stopped when its guest is, though it should run', async () => {
    await set('guest_states', { power: 'stopped', lock_name: 'backup' });
    expect(await shown()).toMatchObject({
      state: ContainerState.STOPPED,
      guestState: { ready: false, summary: 'stopped on pve1, locked (backup)' },
    });
  });

  it('says in the words of nginx why a route is set aside, at the container and at the service', async () => {
    const service = (await shown()).services[0]?.id ?? '';
    await bench.store.transaction((tx) =>
      noteCondition(tx, bench.site.siteId, bench.site.agents.nginx, {
        kind: 'quarantined',
        severity: 'error',
        subject: `httpRoute ${id}/${service}`,
        message: 'host not found in upstream',
        containerId: id,
      }),
    );
    const container = await shown();
    expect(container.routesState).toMatchObject({ ready: false, summary: 'set aside: host not found in upstream' });
    expect(container.conditions).toHaveLength(1);
    expect(container.services.map(({ conditions }) => conditions.length)).toEqual([1, 0, 0]);
    expect(container.nameState?.ready).toBe(true);
  });

  it('gets, changes and loses services', async () => {
    const client = await bench.client(ServicesService, bench.site.owner);
    await bench.clock.advance(1_000);
    const exposure = { case: 'tcp' as const, value: {} };
    const { service } = await client.createService({ container: id, service: { internalPort: 8080, exposure } });
    expect(service?.url).toBe('tcp://10.66.0.1:2001');
    const moved = await client.updateService({
      service: { id: service?.id ?? '', exposure: { case: 'tcp', value: { externalPort: 2500 } } },
      updateMask: { paths: ['tcp.external_port'] },
    });
    expect(moved.service).toMatchObject({ internalPort: 8080, url: 'tcp://10.66.0.1:2500' });
    const pages = await client.listServices({ container: id, pageSize: 3 });
    expect(pages.services).toHaveLength(3);
    const rest = await client.listServices({ container: id, pageSize: 3, pageToken: pages.nextPageToken });
    expect(rest).toMatchObject({ services: [{ id: service?.id }], nextPageToken: '' });
    await client.deleteService({ service: service?.id ?? '' });
    await expect(client.getService({ service: service?.id ?? '' })).rejects.toMatchObject({ code: Code.NotFound });
    const taken = { case: 'http' as const, value: { host: 'web1.apps.lab' } };
    const again = client.createService({ container: id, service: { internalPort: 80, exposure: taken } });
    await expect(again).rejects.toMatchObject({ code: Code.AlreadyExists });
  });
});
