import { newId } from '../ids.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Who somebody is at a provider. */
export interface Subject {
  issuer: string;
  subject: string;
}

/** A link with the name its provider's button has. */
export type IdentityWithProvider = Row<'oidc_identities'> & { display_name: string };

/** Links an account to a provider's subject. @throws UniqueViolation "oidc_identities_subject" */
export async function insertIdentity(
  tx: Tx,
  link: Subject & { userId: string; providerId: string; used: boolean },
): Promise<Row<'oidc_identities'>> {
  const row = {
    id: newId('oid', tx.now),
    user_id: link.userId,
    provider_id: link.providerId,
    issuer: link.issuer,
    subject: link.subject,
    created_at: tx.now,
    last_used_at: link.used ? tx.now : null,
  };
  await tx.db.insertInto('oidc_identities').values(row).execute();
  return row;
}

/** The link of a provider's subject. */
export function identityOf(db: Db, { issuer, subject }: Subject): Promise<Row<'oidc_identities'> | undefined> {
  return db
    .selectFrom('oidc_identities')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
}

/** The links of a person, oldest first. */
export function identitiesOfUser(db: Db, userId: string): Promise<IdentityWithProvider[]> {
  return db
    .selectFrom('oidc_identities')
    .innerJoin('oidc_providers', 'oidc_providers.id', 'oidc_identities.provider_id')
    .selectAll('oidc_identities')
    .select('oidc_providers.display_name')
    .where('user_id', '=', userId)
    .orderBy('oidc_identities.created_at')
    .orderBy('oidc_identities.id')
    .execute();
}

/** Notes that somebody signed in by a link. */
export async function touchIdentity(tx: Tx, id: string): Promise<void> {
  await tx.db.updateTable('oidc_identities').set({ last_used_at: tx.now }).where('id', '=', id).execute();
}

/** Removes a link. */
export async function deleteIdentity(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('oidc_identities').where('id', '=', id).execute();
}

/** How many accounts are linked, by provider. */
export async function identityCounts(db: Db, providerIds: readonly string[]): Promise<Map<string, number>> {
  if (providerIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('oidc_identities')
    .select((by) => ['provider_id', by.fn.countAll<number>().as('count')])
    .where('provider_id', 'in', [...providerIds])
    .groupBy('provider_id')
    .execute();
  return new Map(rows.map((row) => [row.provider_id, Number(row.count)]));
}
