/**
 * The order of a certificate: the one that is under way, else a new one. That an order is about to be made is written
 * down, with its key, before the authority is asked, and its address right after. Whoever is killed in between finds
 * the order in the account's list, where the authority keeps one; where it keeps none (Let's Encrypt), it hands out a
 * pending order for the same names again instead of making a second.
 */
import type { AcmeOrder, Authority } from './authority.ts';
import { newCertificateKey } from './key-and-csr.ts';
import type { OrderContext } from './order-context.ts';
import { AcmeProblem } from './problem.ts';

const keyContext = (id: string) => `managed_certificates.order_key_box:${id}`;

/** An order with its key. */
export interface PlacedOrder {
  order: AcmeOrder;
  /** PEM. */
  keyPem: string;
}

/** Finds the order under way, or makes one. @throws AcmeProblem, AcmeUnreachable, CertificateLost */
export async function placeOrder(context: OrderContext, authority: Authority): Promise<PlacedOrder> {
  const { row } = context.claim;
  const { secrets } = context.deps.store;
  const keyPem = row.order_key_box && secrets.open(row.order_key_box, keyContext(row.id));
  if (keyPem && row.order_started_at !== null) {
    const order = row.order_url === '' ? await adopted(context, authority) : await known(context, authority);
    if (order) return { order, keyPem };
  }
  return newOrder(context, authority);
}

/** The order whose address is known, unless the authority has forgotten it or it is for other names. */
async function known(context: OrderContext, authority: Authority): Promise<AcmeOrder | undefined> {
  const { claim, dnsNames } = context;
  try {
    await context.progress('goes on with the order under way');
    const order = await authority.order(claim.row.order_url);
    return isFor(order, dnsNames) ? order : undefined;
  } catch (error) {
    if (error instanceof AcmeProblem && [403, 404, 410].includes(error.status)) return undefined;
    throw error;
  }
}

/** An order of which nobody wrote down the address: at most one such exists, as orders are made one at a time. */
async function adopted(context: OrderContext, authority: Authority): Promise<AcmeOrder | undefined> {
  await context.progress('looks whether an order was made before the control plane stopped');
  const open = await authority.openOrders(context.claimedAt, context.deps.clock.now());
  const order = open.find((one) => isFor(one, context.dnsNames));
  if (order) await writeUrl(context, order);
  return order;
}

async function newOrder(context: OrderContext, authority: Authority): Promise<PlacedOrder> {
  const { claim, deps, dnsNames } = context;
  const keyPem = await newCertificateKey();
  await context.write(async (tx) => ({
    change: {
      state: 'ordering',
      progress: 'asks the authority for an order',
      order_url: '',
      order_key_box: deps.store.secrets.seal(keyPem, keyContext(claim.id)),
      order_started_at: tx.now,
    },
    result: undefined,
  }));
  const replaces = claim.row.ari_id !== '' && (await authority.hasRenewalInfo()) ? claim.row.ari_id : '';
  const order = await askFor(authority, dnsNames, replaces);
  await writeUrl(context, order);
  return { order, keyPem };
}

/**
 * An authority may not take that the order replaces another (RFC 9773, 5): it was replaced already, or comes from
 * another account. That is no reason to have no certificate.
 */
async function askFor(authority: Authority, dnsNames: readonly string[], replaces: string): Promise<AcmeOrder> {
  try {
    return await authority.newOrder(dnsNames, replaces);
  } catch (error) {
    const takenIll = error instanceof AcmeProblem && [400, 403, 404, 409].includes(error.status);
    if (replaces === '' || !takenIll || error.type === 'rateLimited') throw error;
    return authority.newOrder(dnsNames, '');
  }
}

function writeUrl(context: OrderContext, { url }: AcmeOrder): Promise<void> {
  return context.write(async () => ({ change: { order_url: url }, result: undefined }));
}

function isFor({ identifiers }: AcmeOrder, dnsNames: readonly string[]): boolean {
  const asked = new Set(identifiers.map(({ value }) => value.toLowerCase()));
  return asked.size === dnsNames.length && dnsNames.every((name) => asked.has(name));
}
