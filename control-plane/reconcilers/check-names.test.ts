import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiBench, openApiBench } from '../api/testing/api-bench.ts';
import { sharedContainer } from '../api/testing/shared-container.ts';
import { checkNames } from './check-names.ts';

const SITE = '192.0.2.1';
const HOST = 'web1.apps.lab';

describeEachDialect('names of services', (create) => {
  let bench: ApiBench;
  let answers: Record<string, string[] | Error>;

  beforeEach(async () => {
    bench = await openApiBench((await create()).url);
    await sharedContainer(bench);
    await bench.store.db.updateTable('sites').set({ external_address: 'lab.example' }).execute();
    answers = { 'lab.example': [SITE] };
  });
  afterEach(() => bench.close());

  const check = async (more: typeof answers) => {
    answers = { ...answers, ...more };
    await checkNames(bench.store, async (name) => {
      const answer = answers[name] ?? [];
      if (answer instanceof Error) throw answer;
      return answer;
    });
    const query = bench.store.db.selectFrom('conditions').select(['subject', 'severity', 'message', 'container_id']);
    return query.where('kind', '=', 'name_elsewhere').execute();
  };

  it('that lead elsewhere or nowhere are told to their owners, until they lead to the site', async () => {
    const [none] = await check({});
    expect(none).toMatchObject({ subject: HOST, severity: 'warning' });
    expect(none?.message).toBe(`${HOST} has no address in the DNS. Site lab is reached at lab.example.`);
    expect(none?.container_id).toMatch(/^ctr-/);
    const [elsewhere] = await check({ [HOST]: ['198.51.100.7'] });
    expect(elsewhere?.message).toContain(`${HOST} leads to 198.51.100.7.`);
    expect(await check({ [HOST]: ['198.51.100.7', SITE] })).toEqual([]);
  });

  it('keep what was said of them while nobody can say, or the site itself cannot be found', async () => {
    await check({});
    expect(await check({ [HOST]: new Error('the name servers do not answer') })).toHaveLength(1);
    expect(await check({ [HOST]: [SITE], 'lab.example': new Error('no') })).toHaveLength(1);
    expect(await check({ 'lab.example': [] })).toHaveLength(1);
    expect(await check({ 'lab.example': [SITE] })).toEqual([]);
  });

  it('are forgotten with their service', async () => {
    await check({});
    await bench.store.db.deleteFrom('services').execute();
    expect(await check({})).toEqual([]);
  });
});
