/**
 * HTTP-01 (RFC 8555, 8.3): every nginx host of the site answers, for the authority may ask any of them, and from
 * several places at once.
 */
import { newId } from '../ids.ts';
import { activeAgents, allRun } from '../operations/site-agents.ts';
import { createWaker } from '../operations/waker.ts';
import { challengesFor, insertChallenges } from '../store/acme-challenges.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { Answer } from './answer-challenges.ts';
import { NotYet } from './failures.ts';
import type { OrderContext } from './order-context.ts';

/** Between two looks when the feed is silent, milliseconds. */
const POLL_MS = 2_000;

/** Puts answers on the nginx hosts of the site and waits until they give them. @throws NotYet */
export async function putOnHosts(context: OrderContext, answers: readonly Answer[]): Promise<void> {
  const { managed, siteId } = { managed: context.claim.row, siteId: context.claim.row.site_id };
  const revision = await context.write(async (tx) => {
    const present = await challengesFor(tx.db, managed.id);
    const missing = answers.filter(({ challenge }) => !present.some(({ token }) => token === challenge.token));
    const held = Math.max(0, ...present.map((row) => row.revision));
    if (missing.length === 0) return { change: {}, result: held };
    const revision = await bumpSite(tx, siteId, null);
    const rows = missing.map(({ authorization, challenge, value }) => ({
      id: newId('chl', tx.now),
      site_id: siteId,
      managed_id: managed.id,
      kind: 'http-01' as const,
      host: authorization.identifier.value,
      token: challenge.token,
      answer: value,
      revision,
      dns_provider_id: null,
      record: null,
      created_at: tx.now,
    }));
    await insertChallenges(tx, rows);
    return { change: {}, result: revision };
  });
  await hostsAnswer(context, revision);
}

/**
 * Waits for the hosts. One that is not connected, or refuses its configuration, may still be asked by the authority,
 * so it has its time, too; but when another host answers we go on without it. It is as good as gone for the world
 * already, or it serves what it had and lets this one validation fail, which is tried again; if it were waited for for
 * ever, one dead host would let every certificate of the site run out.
 */
async function hostsAnswer(context: OrderContext, revision: number): Promise<void> {
  const { store, clock, patience } = context.deps;
  const siteId = context.claim.row.site_id;
  const end = clock.now() + patience.hostsMs;
  const waker = createWaker(store.feed, clock, POLL_MS, (topic) => topic.kind === 'agent' || topic.kind === 'site');
  try {
    for (;;) {
      const agents = await activeAgents(store.db, siteId, 'nginx');
      if (agents.length === 0) throw new NotYet('The site has no nginx host that could answer the authority.');
      const look = allRun(agents, revision);
      if ('done' in look) return;
      if (clock.now() >= end) {
        if (agents.some((agent) => 'done' in allRun([agent], revision))) return;
        throw new NotYet(`The challenge is not served: ${look.waiting}.`);
      }
      await context.progress(`waits for the nginx hosts: ${look.waiting}`);
      await waker.next(context.signal);
    }
  } finally {
    waker.close();
  }
}
