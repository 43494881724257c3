// Fifty containers asked for at once by concurrent clients: all different, none lost, none doubled.

import { readFileSync } from 'node:fs';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState } from '@berth/proto/api/v1/operations_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { askFor, ended } from './support/containers.ts';
import { leftovers } from './support/leftovers.ts';

const COUNT = 50;
let lab: Lab;

beforeAll(async () => {
  lab = await createLab({ nodes: ['pve1', 'pve2'] });
});

afterAll(() => lab?.destroy());

test('fifty at once on two nodes get fifty of everything, and asking again changes nothing', {
  timeout: 300_000,
}, async () => {
  const names = Array.from({ length: COUNT }, (_, i) => `t${i}-many`);
  const ca = readFileSync(lab.api.caFile, 'utf8');
  const own = () => ({
    ...lab,
    api: { ...lab.api, transport: transportTo(lab.api.url, { ca, token: lab.api.token }) },
  });
  const asked = await Promise.all(names.map((name) => askFor(own(), name, `key-${name}`)));
  const ends = await Promise.all(asked.map(({ operation }) => ended(lab.api.transport, operation.id, 240_000)));
  expect(ends.filter((end) => end.state !== OperationState.SUCCEEDED).map((end) => end.error)).toEqual([]);

  const client = createClient(ContainersService, lab.api.transport);
  const { containers } = await client.listContainers({ pageSize: 200 });
  const ports = containers.flatMap((c) =>
    c.services.flatMap((s) => (s.exposure.case === 'tcp' ? [s.exposure.value.externalPort] : [])),
  );
  const distinct = (values: unknown[]) => new Set(values).size;
  expect(containers).toHaveLength(COUNT);
  expect([
    distinct(containers.map((c) => c.vmid)),
    distinct(containers.map((c) => c.address)),
    distinct(ports),
  ]).toEqual([COUNT, COUNT, COUNT]);
  expect(distinct(containers.map((c) => c.node))).toBe(2);

  const again = await Promise.all(names.map((name) => askFor(own(), name, `key-${name}`)));
  expect(again.map((a) => a.container.id)).toEqual(asked.map((a) => a.container.id));
  expect((await client.listContainers({ pageSize: 200 })).containers).toHaveLength(COUNT);

  const deletions = await Promise.all(containers.map((c) => client.deleteContainer({ container: c.id })));
  const gone = await Promise.all(
    deletions.map(({ operation }) => ended(lab.api.transport, operation?.id ?? '', 240_000)),
  );
  expect(gone.filter((end) => end.state !== OperationState.SUCCEEDED).map((end) => end.error)).toEqual([]);
  expect(await leftovers(lab)).toEqual([]);
});
