import { CommandFailureCode, ProbeReach } from '@berth/proto/agent/v1/command_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContainerVerb } from '../app/containers/create.ts';
import { type Bench, openBench } from './testing/bench.ts';
import { containerRequest } from './testing/requests.ts';
import { failure, success } from './testing/scripted-fleet.ts';

describe('container.create', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
    bench.fleet.start();
    await bench.engine().start();
  });
  afterEach(() => bench.close());

  const make = async (hostname = 'web1') =>
    (await createContainerVerb(bench.deps, bench.site.owner, containerRequest(hostname))).outcome;
  const containers = () => bench.store.db.selectFrom('containers').selectAll().execute();

  it('ends with a running guest, its lease, and a container that is ready', async () => {
    const { container, operation } = await make();
    expect(await bench.ended(operation)).toMatchObject({ state: 'succeeded', error: '' });
    const [row] = await containers();
    expect(row).toMatchObject({ id: container, phase: 'ready', active_operation_id: null, vmid: 100 });
    expect(bench.fleet.guests.get(100)).toMatchObject({ running: true, ref: { containerId: container } });
  });

  it('sends its commands in the order of its steps', async () => {
    await bench.ended((await make()).operation);
    expect(bench.fleet.answered).toEqual([
      'createGuest',
      'configureEnvironment',
      'startGuest',
      'probeRoute',
      'probeRoute',
    ]);
  });

  it('takes the next VMID when a stranger has the first, and remembers the stranger', async () => {
    bench.fleet.foreign.add(100).add(101);
    expect(await bench.ended((await make()).operation)).toMatchObject({ state: 'succeeded' });
    expect(await containers()).toMatchObject([{ vmid: 102 }]);
    const foreign = await bench.store.db.selectFrom('foreign_vmids').select('vmid').orderBy('vmid').execute();
    expect(foreign).toEqual([{ vmid: 100 }, { vmid: 101 }]);
  });

  it('fails in the words of PVE and leaves nothing behind', async () => {
    bench.fleet.script((task) =>
      task.case === 'createGuest' ? failure(CommandFailureCode.TASK_FAILED, "no such template 'x'") : undefined,
    );
    const ended = await bench.ended((await make()).operation);
    expect(ended).toMatchObject({ state: 'failed', error: "no such template 'x'", error_reason: 'task_failed' });
    expect(await containers()).toEqual([]);
    expect(bench.fleet.guests.size).toBe(0);
  });

  it('fails clearly when the guest takes another address', async () => {
    bench.fleet.wrongAddress = '10.64.3.200';
    const ended = await bench.ended((await make()).operation);
    expect(ended).toMatchObject({ state: 'failed', error_reason: 'lease_conflict' });
    expect(bench.fleet.guests.size).toBe(0);
  });

  it('succeeds with a warning when nothing listens yet', async () => {
    bench.fleet.script((task) =>
      task.case === 'probeRoute' ? success({ probe: { reach: ProbeReach.REFUSED } }) : undefined,
    );
    expect(await bench.ended((await make()).operation)).toMatchObject({ state: 'succeeded' });
    const conditions = await bench.store.db.selectFrom('conditions').select('kind').execute();
    expect(conditions).toEqual([{ kind: 'nothing_listens' }, { kind: 'nothing_listens' }]);
  });

  it('fails with the words of nginx when a route is quarantined', async () => {
    bench.fleet.silent.add('nginx1');
    const { container, operation } = await make();
    await bench.until('the lease', async () => bench.fleet.answered.includes('startGuest'));
    await bench.store.transaction(async (tx) => {
      await tx.db
        .insertInto('conditions')
        .values({
          id: 'cnd-1',
          site_id: bench.site.siteId,
          agent_id: bench.site.agents.nginx,
          container_id: container,
          kind: 'quarantined',
          severity: 'error',
          subject: 'httpRoute x',
          message: 'invalid number of arguments',
          since: tx.now,
        })
        .execute();
      tx.nudge({ kind: 'container', id: container });
    });
    bench.fleet.silent.clear();
    const ended = await bench.ended(operation);
    expect(ended).toMatchObject({ state: 'failed', error_reason: 'route_refused' });
    expect(ended.error).toContain('invalid number of arguments');
  });

  it('gives up after its time-out when the agent is away, without asking for a guest to be destroyed', async () => {
    bench.fleet.silent.add('proxmox1');
    const operation = await bench.ended((await make()).operation);
    expect(operation).toMatchObject({ state: 'failed', error_reason: 'step_timed_out' });
    expect(await containers()).toEqual([]);
    expect(await bench.store.db.selectFrom('commands').selectAll().execute()).toEqual([]);
  });
});
