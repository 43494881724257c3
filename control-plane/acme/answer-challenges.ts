/**
 * Shows an authority that the names of an order are ours. Answers are put in place first, all of them, and it is only
 * told to look once every host, or every server of the zone, has them. A wildcard and the name it is under are two
 * authorizations with two values of one TXT record; both are there before either is looked at.
 */

import { AppError } from '../errors.ts';
import { putInDns } from './answer-dns.ts';
import { putOnHosts } from './answer-http.ts';
import type { AcmeAuthorization, AcmeChallenge, AcmeOrder, Authority } from './authority.ts';
import { NotYet, OrderFailed } from './failures.ts';
import type { OrderContext } from './order-context.ts';

/** An authorization that waits, and how it is to be shown. */
export interface Answer {
  authorization: AcmeAuthorization;
  challenge: AcmeChallenge;
  /** The key authorization, or the value of the TXT record. */
  value: string;
}

const POLL = { leastMs: 1_000, mostMs: 15_000, longestAskedMs: 60_000 };

/** Answers whatever of an order is still to be shown, and waits until the authority has looked. @throws OrderFailed */
export async function answerChallenges(context: OrderContext, authority: Authority, order: AcmeOrder): Promise<void> {
  const authorizations = await Promise.all(order.authorizations.map((url) => authority.authorization(url)));
  for (const authorization of authorizations) refuseFailed(authorization);
  const pending = authorizations.filter(({ status }) => status === 'pending');
  if (pending.length === 0) return;
  const type = challengeType(context);
  const answers = await Promise.all(pending.map((one) => answerOf(authority, one, type)));
  await (type === 'http-01' ? putOnHosts(context, answers) : putInDns(context, answers));
  await context.progress(`the authority is looking (${type})`);
  for (const { challenge } of answers) if (challenge.status === 'pending') await authority.accept(challenge);
  for (const { authorization } of answers) await looked(context, authority, authorization.url);
}

/** How the names of a certificate are shown. A wildcard can be shown by DNS alone (RFC 8555, 7.1.3). */
function challengeType({ domain, dnsNames }: OrderContext): 'http-01' | 'dns-01' {
  const wildcard = dnsNames.some((name) => name.startsWith('*.'));
  const type = domain.challenge || (wildcard ? 'dns-01' : 'http-01');
  if (!wildcard || type === 'dns-01') return type;
  const message = `A certificate for everything under ${domain.name} wants DNS-01.`;
  throw new AppError('failed_precondition', { reason: 'wildcard_wants_dns', message });
}

async function answerOf(authority: Authority, authorization: AcmeAuthorization, type: string): Promise<Answer> {
  const challenge = authorization.challenges.find((offered) => offered.type === type);
  if (!challenge) {
    const offered = authorization.challenges.map((one) => one.type).join(', ');
    const detail = `the authority does not offer ${type} for it, but ${offered || 'nothing'}`;
    throw new OrderFailed({ type: 'unsupported', detail }, authorization.identifier.value);
  }
  return { authorization, challenge, value: await authority.answerTo(challenge) };
}

async function looked(context: OrderContext, authority: Authority, url: string): Promise<void> {
  await poll(context, authority, url, async () => {
    const authorization = await authority.authorization(url);
    refuseFailed(authorization);
    return authorization.status === 'valid' ? true : undefined;
  });
}

function refuseFailed({ status, identifier, challenges }: AcmeAuthorization): void {
  if (status === 'pending' || status === 'valid') return;
  const error = challenges.find((challenge) => challenge.error)?.error;
  throw new OrderFailed(error ?? { detail: `the authorization is ${status}` }, identifier.value);
}

/** Asks again and again, as often as the authority wants, until there is something. @throws NotYet */
export async function poll<T>(
  context: OrderContext,
  authority: Authority,
  url: string,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const { clock, random, patience } = context.deps;
  const end = clock.now() + patience.authorityMs;
  for (let wait = POLL.leastMs; ; wait = Math.min(wait * 1.5, POLL.mostMs)) {
    const found = await look();
    if (found !== undefined) return found;
    const asked = Math.min(authority.retryAfter(url) ?? 0, POLL.longestAskedMs);
    await context.pause(Math.max(asked, wait) * (1 + random() / 4));
    if (clock.now() >= end) throw new NotYet('The authority has not come to an end yet.');
  }
}
