import { LookUp } from '../dns/look-up.ts';
import { type Finding, replaceConditions } from '../store/conditions.ts';
import type { Row } from '../store/schema.ts';
import type { Db, Store } from '../store/store.ts';

/** Milliseconds for one name. */
const PATIENCE_MS = 5_000;
/** Names looked up at a time. */
const AT_ONCE = 8;
const KIND = 'name_elsewhere';

/** The addresses of a name; none where it has none. @throws where nobody could say */
export type Resolve = (name: string) => Promise<string[]>;

/** Looks names up at some servers. @param servers as `DnsPort.resolvers` */
export function resolverOf(servers: readonly string[]): Resolve {
  return (name) => new LookUp(servers, AbortSignal.timeout(PATIENCE_MS)).addresses(name);
}

/**
 * Compares where the names of services lead to with where their site is reached, and tells the owners of those that lead
 * elsewhere, or nowhere. Only of sites that say where they are reached; a name that cannot be looked up now keeps what
 * was said of it before.
 */
export async function checkNames(store: Store, resolve: Resolve): Promise<void> {
  const sites = await store.db.selectFrom('sites').selectAll().where('external_address', '<>', '').execute();
  for (const site of sites) {
    const expected = await addressesOf(resolve, site.external_address);
    if (expected && expected.length > 0) await checkSite(store, resolve, site, expected);
  }
}

async function checkSite(store: Store, resolve: Resolve, site: Row<'sites'>, expected: string[]): Promise<void> {
  const names = await namesOf(store.db, site.id);
  const findings: Finding[] = [];
  const unknown = new Set<string>();
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    const looks = await Promise.all(
      some.map(async (name) => ({ ...name, found: await addressesOf(resolve, name.host) })),
    );
    for (const { host, containerId, found } of looks) {
      if (found === undefined) unknown.add(host);
      else if (!found.some((address) => expected.includes(address))) {
        findings.push({ ...finding(host, found, site), containerId });
      }
    }
  }
  await store.transaction(async (tx) => {
    // What sites say by themselves stands under the site's own identifier, where an agent's would be.
    const known = await tx.db
      .selectFrom('conditions')
      .select('subject')
      .where('agent_id', '=', site.id)
      .where('kind', '=', KIND)
      .execute();
    const subjects = [...known.map(({ subject }) => subject), ...findings.map(({ subject }) => subject)];
    const looked = [...new Set(subjects)].filter((subject) => !unknown.has(subject));
    await replaceConditions(tx, { siteId: site.id, agentId: site.id, kinds: [KIND], subjects: looked }, findings);
  });
}

function finding(host: string, found: readonly string[], site: Row<'sites'>): Finding {
  const where = `Site ${site.name} is reached at ${site.external_address}`;
  if (found.length === 0) {
    return { kind: KIND, severity: 'warning', subject: host, message: `${host} has no address in the DNS. ${where}.` };
  }
  const message = `${host} leads to ${found.slice(0, 4).join(', ')}. ${where}: right only if a proxy stands before it.`;
  return { kind: KIND, severity: 'info', subject: host, message };
}

/** @returns undefined where nobody could say */
async function addressesOf(resolve: Resolve, name: string): Promise<string[] | undefined> {
  try {
    return await resolve(name);
  } catch {
    return undefined;
  }
}

async function namesOf(db: Db, siteId: string): Promise<{ host: string; containerId: string }[]> {
  const rows = await db
    .selectFrom('service_names')
    .innerJoin('services', 'services.id', 'service_names.service_id')
    .select(['service_names.host', 'services.container_id as containerId'])
    .where('service_names.site_id', '=', siteId)
    .orderBy('service_names.id')
    .execute();
  // A name may be several services', by paths; the first one's owner is told.
  return [...new Map([...rows].reverse().map((row) => [row.host, row])).values()];
}
