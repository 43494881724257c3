import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { dropAgentConditions, expireConditions, type Finding, noteCondition, replaceConditions } from './conditions.ts';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { Store, Topic } from './store.ts';

const SITE = 'sit-1';
const AGENT = 'agt-1';

describeEachDialect('conditions', (create) => {
  const clock = new VirtualClock();
  let store: Store;
  const topics: Topic[] = [];

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1), clock });
    await seedSite(store);
    store.feed.subscribe((topic) => topics.push(topic));
  });
  beforeEach(async () => {
    await store.db.deleteFrom('conditions').execute();
    topics.length = 0;
  });
  afterAll(() => store.close());

  const finding = (subject: string, change: Partial<Finding> = {}): Finding => ({
    kind: 'quarantined',
    severity: 'error',
    subject,
    message: `${subject} is bad`,
    ...change,
  });
  const replace = (findings: Finding[], subjects?: string[]) => {
    const scope = { siteId: SITE, agentId: AGENT, kinds: ['quarantined'] };
    return store.transaction((tx) => replaceConditions(tx, subjects ? { ...scope, subjects } : scope, findings));
  };
  const conditionsOf = (agentId: string) =>
    store.db.selectFrom('conditions').selectAll().where('agent_id', '=', agentId).execute();
  const subjects = async () => (await conditionsOf(AGENT)).map(({ subject }) => subject).sort();

  it('are exactly what the newest report says, and keep the time they began', async () => {
    expect(await replace([finding('a'), finding('b')])).toBe(true);
    const [a] = await conditionsOf(AGENT);
    await clock.advance(1_000);
    expect(await replace([finding('a'), finding('b')])).toBe(false);
    expect(await replace([finding('a', { message: 'worse' }), finding('c')])).toBe(true);
    expect(await subjects()).toEqual(['a', 'c']);
    const kept = (await conditionsOf(AGENT)).find(({ subject }) => subject === 'a');
    expect(kept).toMatchObject({ since: a?.since, message: 'worse' });
  });

  it('of other agents, kinds and subjects are left alone', async () => {
    await replace([finding('a'), finding('b')]);
    await store.transaction((tx) => noteCondition(tx, SITE, AGENT, finding('a', { kind: 'drift' })));
    await store.transaction((tx) => noteCondition(tx, SITE, 'agt-2', finding('a')));
    await replace([], ['a']);
    expect(await subjects()).toEqual(['a', 'b']);
    await replace([], []);
    await replace([]);
    expect((await conditionsOf(AGENT)).map(({ kind }) => kind)).toEqual(['drift']);
    expect(await conditionsOf('agt-2')).toHaveLength(1);
  });

  it('tell the containers they are about when they come, change and go', async () => {
    const about = finding('route', { containerId: 'ctr-1' });
    for (const findings of [[about], [about], [{ ...about, message: 'worse' }], []]) await replace(findings);
    await expect.poll(() => topics.filter(({ id }) => id === 'ctr-1')).toHaveLength(3);
  });

  it('end with their agent or their time', async () => {
    await replace([finding('a'), finding('b')]);
    await store.transaction((tx) => expireConditions(tx, 'quarantined', tx.now));
    expect(await subjects()).toEqual(['a', 'b']);
    await store.transaction((tx) => expireConditions(tx, 'quarantined', tx.now + 1));
    expect(await subjects()).toEqual([]);
    await replace([finding('a')]);
    await store.transaction((tx) => dropAgentConditions(tx, AGENT));
    expect(await subjects()).toEqual([]);
  });

  it('hold subjects of any length apart by what fits', async () => {
    const long = 'x'.repeat(400);
    await replace([finding(long)]);
    await replace([finding(long)]);
    expect((await subjects())[0]).toHaveLength(255);
  });
});
