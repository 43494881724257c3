import { AppError } from '../errors.ts';
import { ipv4Between, ipv4ToNumber, numberToIpv4 } from './ipv4.ts';
import { lowestFree } from './lowest-free.ts';
import type { Row } from './schema.ts';
import type { Tx } from './store.ts';

/** How long a freed address rests, for caches of names and neighbours to forget its former guest. */
export const ADDRESS_REST_MS = 120_000;

/**
 * The lowest address of a site's range that no container has, nobody else has leased, and no container had a moment
 * ago. When only resting addresses are left, one of them is taken.
 * @param mac of the container to be; a lease of its own does not keep an address from it
 * @throws AppError "addresses_exhausted"
 */
export async function pickAddress(tx: Tx, site: Row<'sites'>, mac: string): Promise<string> {
  const number = (await lowest(tx, site, mac, true)) ?? (await lowest(tx, site, mac, false));
  if (number !== undefined) return numberToIpv4(number);
  const message = `Site ${site.name} has no free address between ${site.range_start} and ${site.range_end}.`;
  throw new AppError('resource_exhausted', { reason: 'addresses_exhausted', message });
}

/** Lets an address rest; called when a container's rows go. */
export async function noteFreedAddress(tx: Tx, siteId: string, address: string): Promise<void> {
  await tx.db
    .deleteFrom('freed_addresses')
    .where('site_id', '=', siteId)
    .where((eb) => eb.or([eb('address', '=', address), eb('freed_at', '<', tx.now - ADDRESS_REST_MS)]))
    .execute();
  await tx.db.insertInto('freed_addresses').values({ site_id: siteId, address, freed_at: tx.now }).execute();
}

function lowest(tx: Tx, site: Row<'sites'>, mac: string, rest: boolean): Promise<number | undefined> {
  const ours = [site.gateway, ...(JSON.parse(site.dns_servers) as string[])].map(ipv4ToNumber);
  const first = ipv4ToNumber(site.range_start);
  const last = ipv4ToNumber(site.range_end);
  return lowestFree(first, last, async (from, to) => {
    const addresses = ipv4Between(from, to);
    const used = await reserved(tx, site.id, addresses);
    // Where containers fill a window, nothing else can have an address in it: most windows of a large site.
    if (used.length < addresses.length) {
      used.push(...(await leased(tx, site.id, addresses, mac)));
      if (rest) used.push(...(await resting(tx, site.id, addresses)));
    }
    return [...ours, ...used.map(({ address }) => ipv4ToNumber(address))];
  });
}

function reserved(tx: Tx, siteId: string, addresses: string[]): Promise<{ address: string }[]> {
  return tx.db
    .selectFrom('containers')
    .select('address')
    .where('site_id', '=', siteId)
    .where('address', 'in', addresses)
    .execute();
}

function leased(tx: Tx, siteId: string, addresses: string[], mac: string): Promise<{ address: string }[]> {
  return tx.db
    .selectFrom('leases')
    .select('address')
    .where('site_id', '=', siteId)
    .where('address', 'in', addresses)
    .where('mac', '!=', mac)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', tx.now)]))
    .execute();
}

function resting(tx: Tx, siteId: string, addresses: string[]): Promise<{ address: string }[]> {
  return tx.db
    .selectFrom('freed_addresses')
    .select('address')
    .where('site_id', '=', siteId)
    .where('address', 'in', addresses)
    .where('freed_at', '>', tx.now - ADDRESS_REST_MS)
    .execute();
}
