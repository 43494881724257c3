/** Writes down what became of the work on a certificate, and gives it back. */
import { newId } from '../ids.ts';
import { challengesFor, deleteChallenges } from '../store/acme-challenges.ts';
import { insertCertificate } from '../store/certificates.ts';
import { bumpCertificate, heldChange, type ManagedChange } from '../store/managed-certificates.ts';
import type { Row } from '../store/schema.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { Tx } from '../store/store.ts';
import { tryAgain } from './back-off.ts';
import { type CertificateFacts, certificateFacts } from './certificate-facts.ts';
import type { Judgement } from './failures.ts';
import type { Issued } from './obtain.ts';
import type { OrderContext } from './order-context.ts';
import { type Life, twoThirds } from './renewal-time.ts';
import { takeAway } from './take-away-challenges.ts';

const MAX_ERROR = 2_000;
/** What is left of an order when it is over. */
export const NO_ORDER: ManagedChange = { order_url: '', order_key_box: null, order_started_at: null, progress: '' };

/**
 * Serves a certificate from now on: it is in the store, the hosts are to have it and the next renewal is fixed, all in
 * one transaction. What was served before goes, with its key.
 */
export async function settleIssued(context: OrderContext, issued: Issued): Promise<void> {
  const { claim, deps } = context;
  const { row } = claim;
  const facts = certificateFacts(issued.chainPem);
  await heldChange(deps.store, claim, 0, async (tx) => {
    const certificate = { ...rowOf(context, issued, facts), id: newId('crt', tx.now), created_at: tx.now };
    await dropFormer(tx, certificate.domain_id, certificate.name);
    await insertCertificate(tx, deps.store.secrets, certificate);
    await hostsMove(tx, row, certificate.name);
    const renewal = twoThirds({ from: Math.max(facts.notBefore, tx.now), until: facts.notAfter }, deps.random);
    const change: ManagedChange = {
      ...NO_ORDER,
      state: 'valid',
      certificate_id: certificate.id,
      failures: 0,
      last_error: '',
      explanation_url: '',
      ari_id: facts.ariId,
      // "Clients SHOULD fetch a certificate's RenewalInfo immediately after issuance" (RFC 9773, 4.3).
      ari_next_look_at: issued.renewalInfo && facts.ariId !== '' ? tx.now : 0,
      next_try_at: renewal.at,
      next_try_reason: renewal.reason,
    };
    return { change, result: undefined };
  });
  await takeAway(deps, await challengesFor(deps.store.db, row.id), context.signal);
}

function rowOf({ claim: { row }, dnsNames }: OrderContext, { chainPem, keyPem }: Issued, facts: CertificateFacts) {
  return {
    domain_id: row.domain_id,
    name: dnsNames.some((name) => name.startsWith('*.')) ? '' : row.name,
    dns_names: JSON.stringify(facts.dnsNames),
    chain_pem: chainPem,
    key_pem: keyPem,
    self_signed: 0,
    not_before: facts.notBefore,
    not_after: facts.notAfter,
    issuer: facts.issuer.slice(0, 255),
    serial: facts.serial,
    revoked_at: null,
  };
}

async function dropFormer(tx: Tx, domainId: string, name: string): Promise<void> {
  await tx.db
    .deleteFrom('certificates')
    .where('domain_id', '=', domainId)
    .where('name', '=', name)
    .where('self_signed', '=', 0)
    .execute();
}

/** The challenges go with the change of the certificate: one reload instead of two. */
async function hostsMove(tx: Tx, row: Row<'managed_certificates'>, name: string): Promise<void> {
  const answered = (await challengesFor(tx.db, row.id)).filter(({ kind }) => kind === 'http-01');
  await deleteChallenges(
    tx,
    answered.map(({ id }) => id),
  );
  if (answered.length > 0) await bumpSite(tx, row.site_id, null);
  if (name !== '' || answered.length === 0) await bumpCertificate(tx, row.site_id, row.domain_id, name);
}

/** Writes a failure down and when to try again. */
export async function settleFailed(context: OrderContext, judgement: Judgement): Promise<void> {
  const { claim, deps } = context;
  const { store, clock, random } = deps;
  if (judgement.forgetOrder) await takeAway(deps, await challengesFor(store.db, claim.id), context.signal);
  const life = await lifeOf(context);
  const failures = claim.row.failures + 1;
  const next = tryAgain(judgement, failures, { now: clock.now(), random, life });
  await heldChange(store, claim, 0, async (tx) => ({
    change: {
      ...(judgement.forgetOrder && NO_ORDER),
      state: life !== undefined && life.until <= tx.now ? 'expired' : 'failed',
      progress: '',
      failures,
      last_error: judgement.words.slice(0, MAX_ERROR),
      last_error_at: tx.now,
      next_try_at: next.at,
      next_try_reason: next.reason,
    },
    result: undefined,
  }));
}

/** The life of what is served. */
async function lifeOf({ claim, deps }: OrderContext): Promise<Life | undefined> {
  const { certificate_id: id } = claim.row;
  if (id === null) return undefined;
  const query = deps.store.db.selectFrom('certificates').select(['not_before', 'not_after']);
  const row = await query.where('id', '=', id).executeTakeFirst();
  return row && { from: row.not_before, until: row.not_after };
}
