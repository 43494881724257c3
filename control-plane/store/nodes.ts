import type { NewRow, Row } from './schema.ts';
import type { SecretBox } from './secrets.ts';
import type { Db, Tx } from './store.ts';

/** Columns of a node that may change, the token's secret in the clear. */
export type NodeChange = Partial<Omit<Row<'nodes'>, 'id' | 'site_id' | 'token_secret_box' | 'created_at'>> & {
  token_secret?: string;
};

/** A node to be, the token's secret in the clear. */
export type NewNode = Omit<NewRow<'nodes'>, 'token_secret_box'> & { token_secret: string };

const context = (id: string) => `nodes.token_secret:${id}`;

/** Puts a node in, its token's secret sealed. @throws UniqueViolation "nodes_name" */
export async function insertNode(tx: Tx, secrets: SecretBox, node: NewNode): Promise<void> {
  const { token_secret, ...rest } = node;
  const row = { ...rest, token_secret_box: secrets.seal(token_secret, context(node.id)) };
  await tx.db.insertInto('nodes').values(row).execute();
}

/** Changes a node. @throws UniqueViolation "nodes_name" */
export async function updateNode(tx: Tx, secrets: SecretBox, id: string, change: NodeChange): Promise<void> {
  const { token_secret, ...rest } = change;
  const sealed = token_secret === undefined ? {} : { token_secret_box: secrets.seal(token_secret, context(id)) };
  await tx.db
    .updateTable('nodes')
    .set({ ...rest, ...sealed, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** The API token's secret of a node. @throws when the master key is another or the row was tampered with */
export function nodeTokenSecret(secrets: SecretBox, row: Pick<Row<'nodes'>, 'id' | 'token_secret_box'>): string {
  return secrets.open(row.token_secret_box, context(row.id));
}

/** The nodes of a site by name. */
export function nodesOf(db: Db, siteId: string): Promise<Row<'nodes'>[]> {
  return db.selectFrom('nodes').selectAll().where('site_id', '=', siteId).orderBy('name').execute();
}

/** Removes a node. @throws ReferenceViolation while it has containers */
export async function deleteNode(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('nodes').where('id', '=', id).execute();
}
