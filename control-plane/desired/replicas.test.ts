import fc from 'fast-check';
import { expect, it } from 'vitest';
import { change } from './arbitrary-change.ts';
import { HeldAgent } from './held-agent.ts';
import { SiteModel } from './site-model.ts';
import { SiteView } from './site-view.ts';

const ROLES = [['nginx'], ['dnsmasq'], ['proxmox'], ['nginx', 'dnsmasq', 'proxmox']];

/** Some changes of the site, then which of three replicas hear of them, and which of them the agent is with. */
const step = fc.record({
  changes: fc.array(change, { maxLength: 3 }),
  hear: fc.subarray([0, 1, 2]),
  with: fc.nat(2),
});
const steps = fc.array(step, { minLength: 1, maxLength: 15 });

/** Views of one site that open at their first look and look at moments of their own, as replicas do. */
function replicas(model: SiteModel): SiteView[] {
  return [0, 1, 2].map(() => new SiteView(model));
}

it('means the same set by the same generation on every replica, whenever each of them looks', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const model = new SiteModel();
      const views = replicas(model);
      const named = new Map<string, string>();
      for (const { changes, hear } of all) {
        for (const apply of changes) apply(model);
        for (const view of hear.flatMap((i) => views[i] ?? [])) {
          await view.refresh();
          for (const roles of ROLES) {
            const { generation, digest } = view.forAgent({ id: 'agt-1', roles });
            const name = `${roles} ${generation}`;
            const hex = Buffer.from(digest).toString('hex');
            expect(named.get(name) ?? hex).toBe(hex);
            named.set(name, hex);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});

it('leads an agent that moves between replicas, each time under a higher epoch, to what is desired', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(...ROLES), async (all, roles) => {
      const model = new SiteModel();
      const views = replicas(model);
      const agent = new HeldAgent('agt-1', roles);
      let epoch = 0n;
      let at: SiteView | undefined;
      for (const { changes, with: next } of all) {
        for (const apply of changes) apply(model);
        const view = views[next];
        if (!view) continue;
        // A session looks when it opens; a replica the agent was with before may be far behind until then.
        await view.refresh();
        if (view !== at) epoch += 1n;
        at = view;
        agent.follow(view.forAgent(agent), epoch);
        const fresh = new SiteView(model);
        await fresh.refresh();
        expect(agent.held.digest.bytes()).toEqual(fresh.forAgent(agent).digest);
        expect(agent.held.generation).toBeLessThanOrEqual(view.revision);
      }
    }),
    { numRuns: 200 },
  );
});
