import { createContainerVerb } from '@berth/control-plane/app/containers/create.ts';
import { deleteContainerVerb } from '@berth/control-plane/app/containers/delete.ts';
import { type Bench, openBench } from '@berth/control-plane/operations/testing/bench.ts';
import { containerRequest } from '@berth/control-plane/operations/testing/requests.ts';
import { DeleteContainerRequestSchema } from '@berth/proto/api/v1/containers_pb.js';
import { create } from '@bufbuild/protobuf';
import { afterEach, expect, it } from 'vitest';
import { describeEachDialect } from '../support/database-each.ts';

const MANY = 50;

describeEachDialect('operations', (open, dialect) => {
  let bench: Bench;
  afterEach(() => bench.close());

  const begin = (hostname: string, key: string) =>
    createContainerVerb(bench.deps, bench.site.owner, containerRequest(hostname, key));

  it(`carries ${MANY} creates begun at once, each sent twice, with nothing lost and nothing doubled`, async () => {
    bench = await openBench((await open()).url);
    bench.fleet.start();
    const names = Array.from({ length: MANY }, (_, i) => `web${i}`);
    const made = await Promise.all(names.flatMap((name) => [begin(name, `key-${name}`), begin(name, `key-${name}`)]));
    await bench.engine().start();
    // SQLite has one control plane; the others have as many as they like.
    if (dialect !== 'sqlite') await bench.engine().start();
    const operations = [...new Set(made.map(({ outcome }) => outcome.operation))];
    expect(operations).toHaveLength(MANY);
    for (const operation of operations) expect(await bench.ended(operation)).toMatchObject({ state: 'succeeded' });
    const rows = await bench.store.db.selectFrom('containers').selectAll().execute();
    for (const column of ['vmid', 'address', 'mac', 'hostname'] as const) {
      expect(new Set(rows.map((row) => row[column])).size, column).toBe(MANY);
    }
    const ports = await bench.store.db
      .selectFrom('services')
      .select('external_port')
      .where('kind', '=', 'tcp')
      .execute();
    expect(new Set(ports.map(({ external_port }) => external_port)).size).toBe(MANY);
    expect(bench.fleet.guests.size).toBe(MANY);
  });

  it('takes everything away again', async () => {
    bench = await openBench((await open()).url);
    bench.fleet.start();
    await bench.engine().start();
    const { outcome } = await begin('web1', '');
    await bench.ended(outcome.operation);
    const request = create(DeleteContainerRequestSchema, { container: 'lab/web1' });
    const [first, second] = await Promise.all([
      deleteContainerVerb(bench.deps, bench.site.owner, request),
      deleteContainerVerb(bench.deps, bench.site.owner, request),
    ]);
    expect(second).toBe(first);
    expect(await bench.ended(first)).toMatchObject({ state: 'succeeded' });
    for (const table of ['containers', 'services', 'leases', 'guest_states', 'conditions'] as const) {
      expect(await bench.store.db.selectFrom(table).selectAll().execute(), table).toEqual([]);
    }
    expect(bench.fleet.guests.size).toBe(0);
  });
});
