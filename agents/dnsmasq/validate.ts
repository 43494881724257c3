/**
 * Judges what `dnsmasq --test` does not look at: the contents of the hosts, reservation and servers files, and whether
 * the parts fit each other. dnsmasq logs and skips a bad line there, or reads it as something else, so nothing but our
 * own check stands between a resource and a wrong answer.
 *
 * Resources are judged in the order of their keys, zones first, since reservations must lie in a zone that is served.
 * Of two that contradict each other the first stays and the second is set aside: a resource is either served whole or
 * quarantined with its reason, and never takes another one down.
 */
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import type { ResourceBody } from '@berth/proto/contract/resource.ts';
import { NameJudge } from './validate-names.ts';
import { ReservationJudge } from './validate-reservations.ts';
import { ZoneJudge } from './validate-zones.ts';

/** A resource with its body taken out. */
export interface Item<K extends DnsmasqKind> {
  key: string;
  body: ResourceBody<K>;
}

/** Kinds this role takes. */
export const DNSMASQ_KINDS = ['zone', 'reservation', 'nameRecord', 'srvRecord', 'txtRecord'] as const;
export type DnsmasqKind = (typeof DNSMASQ_KINDS)[number];

/** What may be written: every resource here is well-formed and contradicts no other. */
export interface ValidSet {
  zones: Item<'zone'>[];
  reservations: Item<'reservation'>[];
  names: Item<'nameRecord'>[];
  services: Item<'srvRecord'>[];
  texts: Item<'txtRecord'>[];
}

/** The valid part of a set, and why each other resource is not in it (key → reason). */
export interface Verdict {
  valid: ValidSet;
  refused: Map<string, string>;
}

/** Splits a set into what can be served and what must be set aside. Resources of other kinds are passed over. */
export function validate(resources: ReadonlyMap<string, Resource>): Verdict {
  const keys = [...resources.keys()].sort();
  const refused = new Map<string, string>();
  const pick = <K extends DnsmasqKind>(kind: K, judge: (body: ResourceBody<K>) => string | undefined): Item<K>[] => {
    const items: Item<K>[] = [];
    for (const key of keys) {
      const body = resources.get(key)?.body;
      if (body?.case !== kind) continue;
      const value = body.value as ResourceBody<K>;
      const reason = judge(value);
      if (reason === undefined) items.push({ key, body: value });
      else refused.set(key, reason);
    }
    return items;
  };
  const zoneJudge = new ZoneJudge();
  const zones = pick('zone', (zone) => zoneJudge.judge(zone));
  const reservationJudge = new ReservationJudge(zones.map((item) => item.body));
  const reservations = pick('reservation', (reservation) => reservationJudge.judge(reservation));
  const nameJudge = new NameJudge();
  const names = pick('nameRecord', (record) => nameJudge.judgeName(record));
  const services = pick('srvRecord', (record) => nameJudge.judgeService(record));
  const texts = pick('txtRecord', (record) => nameJudge.judgeText(record));
  return { valid: { zones, reservations, names, services, texts }, refused };
}
