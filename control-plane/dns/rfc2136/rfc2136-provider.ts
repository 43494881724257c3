import * as z from 'zod';
import type { DnsDeps, DnsProvider } from '../dns-provider.ts';
import { refused } from '../failures.ts';
import { parseServer } from '../server-address.ts';
import { CLASS, TYPE } from '../wire/constants.ts';
import { txtData } from '../wire/record-data.ts';
import { TSIG_ALGORITHMS } from '../wire/tsig.ts';
import { addressesAt } from './addresses.ts';
import { add, remove } from './changes.ts';
import { placeOf } from './find-zone.ts';
import { Primary } from './primary.ts';

/** What is no secret of it. */
export const rfc2136Settings = z.object({
  /** HOST or HOST:PORT of the primary. */
  server: z.string(),
  /** Empty: found. */
  zone: z.string(),
  keyName: z.string(),
  algorithm: z.enum(TSIG_ALGORITHMS),
});

const placeShape = z.object({ fqdn: z.string(), zone: z.string() });

/** A name server that takes dynamic updates (RFC 2136), signed (RFC 8945). @param secret base64 */
export function openRfc2136(deps: DnsDeps, settings: z.infer<typeof rfc2136Settings>, secret: string): DnsProvider {
  const server = parseServer(settings.server);
  if (!server) throw refused('The provider', `"${settings.server}" is no server.`);
  const { keyName: name, algorithm, zone } = settings;
  const primary = new Primary(server, { name, algorithm, secret: Buffer.from(secret, 'base64') }, deps.clock);
  return {
    async addTxt({ fqdn, value, ttlSeconds }, signal) {
      const place = await placeOf(primary, fqdn, zone, signal);
      const record = { name: place.fqdn, type: TYPE.TXT, ttl: ttlSeconds, data: txtData(value) };
      const taken = await primary.update(place.zone, [], [add(record)], signal);
      if (!taken) throw refused(primary.name, `it does not put a record at ${place.fqdn}.`);
      return JSON.stringify(place);
    },
    async removeTxt({ value }, handle, signal) {
      const place = placeShape.parse(JSON.parse(handle));
      const record = { name: place.fqdn, type: TYPE.TXT, class: CLASS.IN, ttl: 0, data: txtData(value) };
      await primary.update(place.zone, [], [remove(record)], signal);
    },
    addresses: addressesAt(deps, primary, zone),
  };
}
