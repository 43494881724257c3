/** DNS-01 (RFC 8555, 8.4): TXT records at the domain's provider. */
import type { TxtRecord } from '../dns/dns-provider.ts';
import { openDnsProvider } from '../dns/open-dns-provider.ts';
import { waitUntilServed } from '../dns/wait-until-served.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import { challengesFor, insertChallenges } from '../store/acme-challenges.ts';
import type { Row } from '../store/schema.ts';
import type { Answer } from './answer-challenges.ts';
import { NotYet } from './failures.ts';
import type { OrderContext } from './order-context.ts';

const TTL_SECONDS = 60;

/** Puts the records there and waits until the zone's servers have them. @throws AppError with the provider's own words */
export async function putInDns(context: OrderContext, answers: readonly Answer[]): Promise<void> {
  const row = await providerOf(context);
  const provider = openDnsProvider(context.deps, row, context.claim.row.site_id);
  const records = answers.map((answer) => recordOf(fqdnOf(answer.authorization.identifier.value), answer.value));
  await noteRecords(context, row.id, answers);
  await context.progress(`puts TXT records at the DNS provider ${row.name}`);
  for (const record of records) await addRecord(context, provider, record);
  await context.progress(`waits until the servers of ${context.domain.name} have the TXT records`);
  await inTime(context, (signal) =>
    Promise.all(records.map((record) => waitUntilServed(context.deps, row, record, signal))),
  );
}

/** Where the record for a name is (RFC 8555, 8.4). */
function fqdnOf(name: string): string {
  return `_acme-challenge.${name.replace(/^\*\./, '')}`;
}

/** The record of a challenge. */
export function recordOf(fqdn: string, value: string): TxtRecord {
  return { fqdn, value, ttlSeconds: TTL_SECONDS };
}

async function providerOf({ deps, domain }: OrderContext): Promise<Row<'dns_providers'>> {
  const { dns_provider_id: id } = domain;
  const query = deps.store.db.selectFrom('dns_providers').selectAll();
  const row = id === null ? undefined : await query.where('id', '=', id).executeTakeFirst();
  if (row) return row;
  const message = `No DNS provider is chosen for ${domain.name}; DNS-01 wants one.`;
  throw new AppError('failed_precondition', { reason: 'dns_provider_missing', message });
}

/** Written before the records are made, so that whoever finds the row later can take the record away. */
async function noteRecords(context: OrderContext, providerId: string, answers: readonly Answer[]): Promise<void> {
  const { row } = context.claim;
  await context.write(async (tx) => {
    const present = await challengesFor(tx.db, row.id);
    const missing = answers.filter(({ value }) => !present.some((one) => one.answer === value));
    const rows = missing.map(({ authorization, challenge, value }) => ({
      id: newId('chl', tx.now),
      site_id: row.site_id,
      managed_id: row.id,
      kind: 'dns-01' as const,
      host: fqdnOf(authorization.identifier.value),
      token: challenge.token,
      answer: value,
      revision: 0,
      dns_provider_id: providerId,
      record: null,
      created_at: tx.now,
    }));
    await insertChallenges(tx, rows);
    return { change: {}, result: undefined };
  });
}

async function addRecord(
  context: OrderContext,
  provider: ReturnType<typeof openDnsProvider>,
  record: TxtRecord,
): Promise<void> {
  const handle = await provider.addTxt(record, context.signal);
  await context.write(async (tx) => {
    await tx.db
      .updateTable('acme_challenges')
      .set({ record: handle })
      .where('managed_id', '=', context.claim.id)
      .where('host', '=', record.fqdn)
      .where('answer', '=', record.value)
      .execute();
    return { change: {}, result: undefined };
  });
}

async function inTime(context: OrderContext, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const { clock, patience } = context.deps;
  const cancel = clock.after(patience.dnsMs, () =>
    late.abort(new NotYet('The servers of the zone lack the TXT records.')),
  );
  try {
    await work(AbortSignal.any([late.signal, context.signal]));
  } finally {
    cancel();
  }
}
