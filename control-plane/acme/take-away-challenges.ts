import { openDnsProvider } from '../dns/open-dns-provider.ts';
import { deleteChallenges } from '../store/acme-challenges.ts';
import type { Row } from '../store/schema.ts';
import { bumpSite } from '../store/site-changes.ts';
import { recordOf } from './answer-dns.ts';
import type { AcmeDeps } from './order-context.ts';

/**
 * Takes answers to challenges away: from the nginx hosts, and from the DNS. A record that cannot be taken away now
 * keeps its row, so that it is tried again.
 */
export async function takeAway(
  deps: Pick<AcmeDeps, 'store' | 'clock' | 'random' | 'dns' | 'log'>,
  rows: readonly Row<'acme_challenges'>[],
  signal: AbortSignal,
): Promise<void> {
  const gone = rows.filter(({ kind }) => kind === 'http-01');
  for (const row of rows) {
    if (row.kind === 'dns-01' && (await removeRecord(deps, row, signal))) gone.push(row);
  }
  if (gone.length === 0) return;
  const sites = new Set(gone.filter(({ kind }) => kind === 'http-01').map(({ site_id }) => site_id));
  await deps.store.transaction(async (tx) => {
    await deleteChallenges(
      tx,
      gone.map(({ id }) => id),
    );
    for (const id of sites) await bumpSite(tx, id, null);
  });
}

async function removeRecord(
  deps: Parameters<typeof takeAway>[0],
  { dns_provider_id, site_id, host, answer, record }: Row<'acme_challenges'>,
  signal: AbortSignal,
): Promise<boolean> {
  const { store, log } = deps;
  const query = store.db.selectFrom('dns_providers').selectAll();
  const row = dns_provider_id === null ? undefined : await query.where('id', '=', dns_provider_id).executeTakeFirst();
  // Nobody is left who could take it away.
  if (!row) return true;
  const provider = openDnsProvider(deps, row, site_id);
  try {
    // Killed between the making and the noting of it, we do not know its handle; making it again tells.
    const handle = record ?? (await provider.addTxt(recordOf(host, answer), signal));
    await provider.removeTxt(recordOf(host, answer), handle, signal);
    return true;
  } catch (err) {
    log.warn({ err, record: host, provider: row.name }, 'a TXT record is still to be taken away');
    return false;
  }
}
