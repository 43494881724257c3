import { isIP } from 'node:net';
import { newId } from '../../ids.ts';
import {
  changeDnsRecord,
  insertDnsRecord,
  type PublishedName,
  publishedNames,
  recordsOfSite,
  type WantedRecord,
} from '../../store/dns-records.ts';
import type { Row } from '../../store/schema.ts';
import type { Store } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';

/** What has to change for the rows to be as wished. */
export interface RecordPlan {
  add: WantedRecord[];
  /** By identifier. */
  change: Map<string, Partial<Pick<Row<'dns_records'>, 'wanted' | 'value' | 'domain_name'>>>;
}

/** The record a name is to have: an address where the site has one, else an alias. None for what would lead to itself. */
export function wantedRecord(siteId: string, published: PublishedName): WantedRecord | undefined {
  const { external_address: value, ...rest } = published;
  if (value === rest.name) return undefined;
  const family = isIP(value);
  return { ...rest, site_id: siteId, type: family === 4 ? 'A' : family === 6 ? 'AAAA' : 'CNAME', value };
}

/**
 * Compares what is wished with what there is; pure. A record that is to be at another provider is first taken away
 * where it is; once its row has gone, the next plan makes it at the new place.
 */
export function planRecords(wanted: readonly WantedRecord[], rows: readonly Row<'dns_records'>[]): RecordPlan {
  const open = new Map(wanted.map((record) => [keyOf(record), record]));
  const change: RecordPlan['change'] = new Map();
  for (const row of rows) {
    const wish = open.get(keyOf(row));
    open.delete(keyOf(row));
    if (!wish || wish.dns_provider_id !== row.dns_provider_id) {
      if (row.wanted === 1) change.set(row.id, { wanted: 0 });
    } else if (row.wanted === 0 || wish.value !== row.value || wish.domain_name !== row.domain_name) {
      change.set(row.id, { wanted: 1, value: wish.value, domain_name: wish.domain_name });
    }
  }
  return { add: [...open.values()], change };
}

function keyOf({ name, type }: Pick<WantedRecord, 'name' | 'type'>): string {
  return `${type} ${name}`;
}

/** Brings the rows of a site to what its services and domains wish. */
export async function planSite(store: Store, siteId: string): Promise<void> {
  try {
    await store.transaction(async (tx) => {
      const published = await publishedNames(tx.db, siteId);
      const wanted = published.map((name) => wantedRecord(siteId, name)).filter((record) => record !== undefined);
      const { add, change } = planRecords(wanted, await recordsOfSite(tx.db, siteId));
      for (const record of add) await insertDnsRecord(tx, newId('rec', tx.now), record);
      for (const [id, columns] of change) await changeDnsRecord(tx, id, columns);
      if (add.length > 0 || change.size > 0) tx.nudge({ kind: 'dns', id: '' });
    });
  } catch (error) {
    // Another replica planned the same in this moment, or the name is still on its way out at another site.
    if (!(error instanceof UniqueViolation)) throw error;
  }
}
