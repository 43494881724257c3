import * as z from 'zod';
import { installationId } from '../../store/installation-id.ts';
import type { AddressRecord, DnsDeps, DnsProvider } from '../dns-provider.ts';
import { foreign } from '../failures.ts';
import { CloudflareApi } from './cloudflare-api.ts';
import { type CloudflareRecord, changeRecord, createRecord, deleteRecord, recordsAt, zoneOf } from './zone-records.ts';

/** What is no secret of it. */
export const cloudflareSettings = z.object({
  /** Empty: Cloudflare's. */
  apiUrl: z.string(),
});

const handleShape = z.object({ zone: z.string(), id: z.string() });
const ADDRESS_TYPES: readonly string[] = ['A', 'AAAA', 'CNAME'];
const MOST_ALIASES = 8;

/**
 * Cloudflare's API. What is ours says so in its comment. There are no prerequisites as RFC 2136 has them, so between the
 * look and the change somebody may come in; Cloudflare itself refuses an alias beside other records, and what is
 * changed or taken away is named by its identifier.
 */
export function openCloudflare(
  deps: DnsDeps,
  { apiUrl }: z.infer<typeof cloudflareSettings>,
  token: string,
): DnsProvider {
  const api = new CloudflareApi(deps.clock, apiUrl, token);
  const mark = async () => `berth ${await installationId(deps.store)}`;
  return {
    async addTxt({ fqdn, value, ttlSeconds }, signal) {
      const { zone, name, records } = await placeOf(api, fqdn, signal);
      const record = { type: 'TXT', name, content: `"${value}"`, ttlSeconds, comment: await mark() };
      const id = (await createRecord(api, zone, record, signal)) ?? textOf(records, value)?.id;
      return JSON.stringify({ zone, id: id ?? textOf(await recordsAt(api, zone, name, signal), value)?.id ?? '' });
    },
    async removeTxt(_, handle, signal) {
      const { zone, id } = handleShape.parse(JSON.parse(handle));
      if (id !== '') await deleteRecord(api, zone, id, signal);
    },
    addresses: {
      async find(fqdn, signal) {
        const [records, ours] = [await recordsAt(api, await zoneOf(api, fqdn, signal), fqdn, signal), await mark()];
        return records.map(({ type, content, comment }) => ({ type, value: content, ours: comment === ours }));
      },
      put: async (record, signal) => putAddress(api, record, await mark(), signal),
      async remove({ fqdn, type }, _, signal) {
        const [zone, ours] = [await zoneOf(api, fqdn, signal), await mark()];
        const mine = (await recordsAt(api, zone, fqdn, signal)).filter((record) => record.comment === ours);
        for (const record of mine) if (record.type === type) await deleteRecord(api, zone, record.id, signal);
      },
    },
  };
}

async function putAddress(
  api: CloudflareApi,
  { fqdn, type, value, ttlSeconds }: AddressRecord,
  comment: string,
  signal: AbortSignal,
): Promise<string> {
  const zone = await zoneOf(api, fqdn, signal);
  const records = await recordsAt(api, zone, fqdn, signal);
  const inTheWay = records.filter((record) => type === 'CNAME' || ADDRESS_TYPES.includes(record.type));
  const other = inTheWay.find((record) => record.comment !== comment);
  if (other) throw foreign(fqdn, `the record ${other.type} ${other.content}`);
  const [same, ...rest] = [...inTheWay].sort((a, b) => Number(b.type === type) - Number(a.type === type));
  const kept = same?.type === type ? same : undefined;
  for (const record of kept ? rest : inTheWay) await deleteRecord(api, zone, record.id, signal);
  if (kept) {
    if (kept.content !== value) await changeRecord(api, zone, kept.id, value, signal);
    return JSON.stringify({ zone, id: kept.id });
  }
  const id = await createRecord(api, zone, { type, name: fqdn, content: value, ttlSeconds, comment }, signal);
  if (id === undefined) throw foreign(fqdn, `the same record ${type} ${value}`);
  return JSON.stringify({ zone, id });
}

/** Where a text has to be put for a name to have it, aliases within the same account followed. */
async function placeOf(api: CloudflareApi, fqdn: string, signal: AbortSignal) {
  let name = fqdn;
  for (let aliases = 0; ; aliases += 1) {
    const zone = await zoneOf(api, name, signal);
    const records = await recordsAt(api, zone, name, signal);
    const alias = records.find(({ type }) => type === 'CNAME');
    if (!alias || aliases === MOST_ALIASES) return { zone, name, records };
    name = alias.content.replace(/\.$/, '');
  }
}

function textOf(records: readonly CloudflareRecord[], value: string): CloudflareRecord | undefined {
  return records.find(({ type, content }) => type === 'TXT' && content.replace(/^"|"$/g, '') === value);
}
