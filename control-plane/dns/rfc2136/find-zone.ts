import { noZone, refused } from '../failures.ts';
import { TYPE } from '../wire/constants.ts';
import type { ReadMessage } from '../wire/message.ts';
import { recordText } from '../wire/record-data.ts';
import type { Primary } from './primary.ts';

const MOST_ALIASES = 8;

/** A name and the zone it lies in. */
export interface Place {
  fqdn: string;
  zone: string;
}

/**
 * Where a record has to be put for a name to have it: an update cannot put it beside a CNAME (RFC 2136, 3.4.2.2), so
 * the CNAME is followed, as those who check a challenge do (RFC 8555, 8.4).
 * @param zone the only one to change; empty: the one the server says
 * @throws AppError "dns_zone_not_found"
 */
export async function placeOf(primary: Primary, fqdn: string, zone: string, signal: AbortSignal): Promise<Place> {
  let name = fqdn;
  for (let aliases = 0; aliases < MOST_ALIASES; aliases += 1) {
    const found = zone || (await findZone(primary, name, signal));
    if (!isWithin(name, found)) throw noZone(`${primary.name} may change ${found} only; it`, name);
    const { answers } = await primary.query(name, TYPE.CNAME, signal);
    const alias = answers.find((record) => record.type === TYPE.CNAME && record.name === name.toLowerCase());
    if (!alias) return { fqdn: name, zone: found };
    name = recordText(alias);
  }
  throw refused(primary.name, `${fqdn} leads through more than ${MOST_ALIASES} aliases.`);
}

/** The zone of a name as the server says with its SOA record, be it in the answer or beside it (RFC 2308, 3). */
export async function findZone(primary: Primary, fqdn: string, signal: AbortSignal): Promise<string> {
  const { answers, authorities }: ReadMessage = await primary.query(fqdn, TYPE.SOA, signal);
  const zones = [...answers, ...authorities].filter(({ type }) => type === TYPE.SOA).map(({ name }) => name);
  const zone = zones.filter((name) => isWithin(fqdn, name)).sort((a, b) => b.length - a.length)[0];
  // Asked for an alias, a server answers with the zone of what it leads to; its own zone is found from above.
  const parent = fqdn.slice(fqdn.indexOf('.') + 1);
  if (zone === undefined && answers.length > 0 && parent !== fqdn) return findZone(primary, parent, signal);
  if (zone === undefined) throw noZone(primary.name, fqdn);
  return zone;
}

function isWithin(fqdn: string, zone: string): boolean {
  return fqdn.toLowerCase() === zone.toLowerCase() || fqdn.toLowerCase().endsWith(`.${zone.toLowerCase()}`);
}
