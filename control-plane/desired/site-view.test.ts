import { ConfigDeltaSchema } from '@berth/proto/agent/v1/session_pb.js';
import { toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { change } from './arbitrary-change.ts';
import { HeldAgent } from './held-agent.ts';
import { httpService, SiteModel, streamService } from './site-model.ts';
import { SiteView } from './site-view.ts';

const step = fc.record({ changes: fc.array(change, { maxLength: 4 }), following: fc.subarray([0, 1, 2, 3, 4, 5]) });

function agents(): HeldAgent[] {
  return [
    new HeldAgent('agt-1', ['nginx']),
    new HeldAgent('agt-1', ['dnsmasq']),
    new HeldAgent('agt-1', ['proxmox']),
    new HeldAgent('agt-2', ['proxmox']),
    new HeldAgent('agt-1', ['nginx', 'dnsmasq', 'proxmox']),
    new HeldAgent('agt-2', ['proxmox', 'nginx']),
  ];
}

async function fromScratch(model: SiteModel, like: HeldAgent): Promise<string[]> {
  const view = new SiteView(model);
  await view.refresh();
  const fresh = new HeldAgent(like.id, like.roles);
  fresh.follow(view.forAgent(like));
  return fresh.versions();
}

async function viewOf(model: SiteModel): Promise<SiteView> {
  const view = new SiteView(model);
  await view.refresh();
  return view;
}

describe('SiteView', () => {
  it('leads every agent by deltas to what a snapshot would give, whatever changes in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const model = new SiteModel();
        const view = await viewOf(model);
        const all = agents();
        for (const { changes, following } of steps) {
          for (const apply of changes) apply(model);
          await view.refresh();
          for (const agent of following.flatMap((i) => all[i] ?? [])) agent.follow(view.forAgent(agent));
        }
        for (const agent of all) {
          agent.follow(view.forAgent(agent));
          expect(agent.versions()).toEqual(await fromScratch(model, agent));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('costs the same for one change at 100 and at 10,000 containers', async () => {
    await costOfOneChange(100);
    const costs = [await costOfOneChange(100), await costOfOneChange(10_000)];
    const [small, large] = costs;
    console.info(`one change: ${costs.map(({ rows, ms }) => `${rows} rows, ${ms.toFixed(2)} ms`).join(' | ')}`);
    expect(large?.rows).toBe(small?.rows);
    expect(large?.rows).toBeLessThan(10);
    expect(large?.resources).toBe(small?.resources);
  });

  it('sends one container in less than 1 KB', async () => {
    const model = new SiteModel();
    const view = await viewOf(model);
    const agent = new HeldAgent('agt-1', ['nginx', 'dnsmasq', 'proxmox']);
    agent.follow(view.forAgent(agent));
    model.addContainer(1, [httpService(1, 0, 80), streamService(1, 'tcp', 22)]);
    await view.refresh();
    const delta = agent.follow(view.forAgent(agent));
    expect(delta.snapshot).toBe(false);
    expect(delta.upserts).toHaveLength(5);
    expect(toBinary(ConfigDeltaSchema, delta).length).toBeLessThan(1_024);
  });

  it('moves only the generations of those whose set changes', async () => {
    const model = new SiteModel();
    const view = await viewOf(model);
    const nginx = view.audience('nginx').generation;
    model.addContainer(1);
    await view.refresh();
    expect(view.audience('dnsmasq').generation).toBe(view.revision);
    expect(view.audience('proxmox:agt-1').generation).toBe(view.revision);
    expect(view.audience('nginx').generation).toBe(nginx);
    expect(view.forAgent({ id: 'agt-1', roles: ['nginx', 'dnsmasq'] }).generation).toBe(view.revision);
  });

  it('takes the routes of a container that is being deleted, and keeps its name until the row is gone', async () => {
    const model = new SiteModel();
    model.addContainer(1, [httpService(1, 0, 80), streamService(1, 'udp', 53)]);
    const view = await viewOf(model);
    const kinds = () =>
      ['nginx', 'dnsmasq', 'proxmox'].flatMap((role) =>
        [...view.forAgent({ id: 'agt-1', roles: [role] }).resources()]
          .filter((resource) => resource.containerId === 'ctr-1')
          .map((resource) => resource.body.case),
      );
    expect(kinds()).toEqual(['httpRoute', 'streamRoute', 'reservation', 'nameRecord', 'guest']);
    model.changeContainer(1, { phase: 'deleting' });
    await view.refresh();
    expect(kinds()).toEqual(['reservation', 'nameRecord', 'guest']);
    model.removeContainer(1);
    await view.refresh();
    expect(kinds()).toEqual([]);
  });

  it('asks for a snapshot when it does not know the set', async () => {
    const view = await viewOf(new SiteModel());
    expect(view.audience('nginx').deltaFrom(1n, Buffer.alloc(16, 7))).toBeUndefined();
    expect(view.audience('nginx').deltaFrom(0n, view.audience('nginx').digest)).toEqual({ upserts: [], removals: [] });
  });

  it('shares one look among callers, and none of them misses what was committed before its call', async () => {
    const model = new SiteModel();
    const view = await viewOf(model);
    const first = view.refresh();
    model.addContainer(1);
    const others = [view.refresh(), view.refresh(), view.refresh()];
    const before = model.rowsRead;
    await Promise.all([first, ...others]);
    expect([...view.audience('dnsmasq').resources()]).toHaveLength(3);
    expect(model.rowsRead - before).toBeLessThan(8);
  });

  it('recovers from a failed look', async () => {
    const model = new SiteModel();
    let fails = true;
    const view = new SiteView({
      read: (work) => (fails ? Promise.reject(new Error('down')) : model.read(work)),
    });
    const looks = await Promise.allSettled([view.refresh(), view.refresh()]);
    expect(looks.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    await view.refresh();
    expect(view.revision).toBe(BigInt(model.revision));
  });
});

/** Counted work of a change, and the median time of 15, for the eye only. */
async function costOfOneChange(size: number): Promise<{ rows: number; resources: number; ms: number }> {
  const model = new SiteModel();
  for (let n = 1; n <= size; n++) model.addContainer(n, [httpService(n, 0, 80)]);
  const view = await viewOf(model);
  const agent = { id: 'agt-1', roles: ['nginx', 'dnsmasq', 'proxmox'] };
  const costs: { rows: number; resources: number; ms: number }[] = [];
  for (let i = 0; i < 15; i++) {
    const before = view.forAgent(agent);
    model.changeContainer((size >> 1) + i, { address: '10.64.255.1' });
    const rows = model.rowsRead;
    const start = performance.now();
    await view.refresh();
    const parts = view.forAgent(agent).deltaFrom(before.generation, before.digest);
    const ms = performance.now() - start;
    costs.push({ rows: model.rowsRead - rows, resources: parts?.upserts.length ?? Number.NaN, ms });
  }
  const [first] = costs;
  const median = costs.toSorted((a, b) => a.ms - b.ms)[7];
  if (!first || !median) throw new Error('nothing was measured');
  expect(costs.every(({ rows, resources }) => rows === first.rows && resources === first.resources)).toBe(true);
  return median;
}
