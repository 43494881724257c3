import type { Db, Topic } from '../store.ts';

/**
 * Everything a reader may have missed while the link between the replicas was cut. Readers compare revisions, so
 * hearing of what has not moved costs each of them one look.
 */
export async function missedTopics(db: Db): Promise<Topic[]> {
  const sites = await db.selectFrom('sites').select('id').execute();
  const agents = await db.selectFrom('agents').select('id').where('status', '=', 'active').execute();
  const operations = await db
    .selectFrom('operations')
    .select('id')
    .where('state', 'in', ['pending', 'running', 'compensating'])
    .execute();
  return [
    ...sites.map(({ id }): Topic => ({ kind: 'site', id })),
    ...agents.map(({ id }): Topic => ({ kind: 'agent', id })),
    ...operations.map(({ id }): Topic => ({ kind: 'operation', id })),
  ];
}
