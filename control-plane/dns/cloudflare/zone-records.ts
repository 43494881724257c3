import * as z from 'zod';
import { noZone } from '../failures.ts';
import { type CloudflareApi, CloudflareRefusal } from './cloudflare-api.ts';

/** "Record already exists" in its two forms. */
const EXISTS: readonly number[] = [81057, 81058];
/** "Record does not exist", "Invalid DNS record identifier". */
const GONE: readonly number[] = [81044, 1032];
/** The least Cloudflare takes without a contract, in seconds. */
const LEAST_TTL = 60;

const zoneShape = z.object({ id: z.string(), name: z.string() });
const recordShape = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  content: z.string(),
  comment: z.string().nullish(),
});

/** A record as Cloudflare has it. */
export type CloudflareRecord = z.infer<typeof recordShape>;

/** A record to be made. */
export interface NewCloudflareRecord {
  type: string;
  name: string;
  content: string;
  ttlSeconds: number;
  /** Shown on its pages. */
  comment: string;
}

/** The zone of a name: the longest that the token may see. @throws AppError "dns_zone_not_found" */
export async function zoneOf(api: CloudflareApi, fqdn: string, signal: AbortSignal): Promise<string> {
  const labels = fqdn.split('.');
  for (let at = 0; at < labels.length - 1; at += 1) {
    const name = labels.slice(at).join('.');
    const zones = z.array(zoneShape).parse(await api.list('/zones', { name }, signal));
    const zone = zones.find((each) => each.name === name);
    if (zone) return zone.id;
  }
  throw noZone('Cloudflare, with this token,', fqdn);
}

/** The records of a zone with a name. */
export async function recordsAt(api: CloudflareApi, zone: string, name: string, signal: AbortSignal) {
  const found = await api.list(`/zones/${zone}/dns_records`, { 'name.exact': name }, signal);
  return z
    .array(recordShape)
    .parse(found)
    .filter((record) => record.name.toLowerCase() === name.toLowerCase());
}

/** Makes a record. @returns its identifier; undefined when the same is there already */
export async function createRecord(
  api: CloudflareApi,
  zone: string,
  { ttlSeconds, ...record }: NewCloudflareRecord,
  signal: AbortSignal,
): Promise<string | undefined> {
  const body = { ...record, ttl: Math.max(LEAST_TTL, ttlSeconds), proxied: false };
  try {
    const { result } = await api.call('POST', `/zones/${zone}/dns_records`, body, signal, EXISTS);
    return z.object({ id: z.string() }).parse(result).id;
  } catch (error) {
    if (error instanceof CloudflareRefusal) return undefined;
    throw error;
  }
}

/** Gives a record another content. */
export async function changeRecord(
  api: CloudflareApi,
  zone: string,
  id: string,
  content: string,
  signal: AbortSignal,
): Promise<void> {
  await api.call('PATCH', `/zones/${zone}/dns_records/${encodeURIComponent(id)}`, { content }, signal);
}

/** Takes a record away; one that is gone is fine. */
export async function deleteRecord(api: CloudflareApi, zone: string, id: string, signal: AbortSignal): Promise<void> {
  try {
    await api.call('DELETE', `/zones/${zone}/dns_records/${encodeURIComponent(id)}`, undefined, signal, GONE);
  } catch (error) {
    if (!(error instanceof CloudflareRefusal)) throw error;
  }
}
