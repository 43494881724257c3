/** Carries an order through, from wherever it stands, to its certificate (RFC 8555, 7.1.6). */
import { AppError } from '../errors.ts';
import { accountOf } from './accounts.ts';
import { answerChallenges, poll } from './answer-challenges.ts';
import type { AcmeOrder, Authority } from './authority.ts';
import { chainFault } from './certificate-facts.ts';
import { OrderFailed } from './failures.ts';
import { certificateRequest } from './key-and-csr.ts';
import type { OrderContext } from './order-context.ts';
import { placeOrder } from './place-order.ts';

/** A certificate just issued. */
export interface Issued {
  /** PEM, leaf first. */
  chainPem: string;
  keyPem: string;
  /** Whether its authority gives renewal information. */
  renewalInfo: boolean;
}

/** Orders a certificate, or goes on with the order under way. @throws see `judge` */
export async function obtain(context: OrderContext): Promise<Issued> {
  const authority = await context.deps.accounts.of(accountOf(context.domain));
  const { order, keyPem } = await placeOrder(context, authority);
  const valid = await carryThrough(context, authority, order, keyPem);
  await context.progress('fetches the certificate');
  const chainPem = await authority.certificate(valid);
  const { clock } = context.deps;
  const fault = chainFault(chainPem, { keyPem, dnsNames: context.dnsNames, now: clock.now() });
  if (fault) throw new OrderFailed({ detail: `The authority sent a certificate that is of no use: ${fault}.` });
  return { chainPem, keyPem, renewalInfo: await authority.hasRenewalInfo() };
}

async function carryThrough(
  context: OrderContext,
  authority: Authority,
  placed: AcmeOrder,
  keyPem: string,
): Promise<AcmeOrder> {
  let order = placed;
  for (let finalized = false; order.status !== 'valid'; order = await authority.order(placed.url)) {
    switch (order.status) {
      case 'invalid':
        throw new OrderFailed(order.error ?? { detail: 'The authority has given the order up.' });
      case 'pending':
        await answerChallenges(context, authority, order);
        await leaves(context, authority, order, 'pending');
        break;
      case 'ready':
        if (finalized)
          throw new AppError('unavailable', { reason: 'order_ready', message: 'The order does not move.' });
        await context.progress('hands over the request for the certificate');
        await authority.finalize(order, await certificateRequest(keyPem, context.dnsNames));
        finalized = true;
        break;
      case 'processing':
        await context.progress('the authority is making the certificate');
        await leaves(context, authority, order, 'processing');
    }
  }
  return order;
}

async function leaves(context: OrderContext, authority: Authority, { url }: AcmeOrder, status: string): Promise<void> {
  await poll(context, authority, url, async () => ((await authority.order(url)).status === status ? undefined : true));
}
