import { invalid } from '../../errors.ts';
import { pickNode } from '../../store/allocate.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import { findNode } from '../find.ts';

/**
 * The node a new container goes to: the one asked for, else the schedulable one with the fewest containers.
 * @throws AppError "no_schedulable_node"
 */
export function placeContainer(tx: Tx, site: Row<'sites'>, asked: string): Promise<Row<'nodes'>> {
  return asked === '' ? pickNode(tx, site) : nodeAskedFor(tx, site, asked);
}

async function nodeAskedFor(tx: Tx, site: Row<'sites'>, asked: string): Promise<Row<'nodes'>> {
  const node = await findNode(tx.db, asked, 'container.node');
  const field = 'container.node';
  if (node.site_id !== site.id) throw invalid([{ field, description: `is not a node of site ${site.name}` }]);
  if (node.schedulable !== 1) throw invalid([{ field, description: 'takes no new containers' }]);
  return node;
}
