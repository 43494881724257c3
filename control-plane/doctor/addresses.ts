import { Resolver } from 'node:dns/promises';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { sql } from 'kysely';
import { rolesOf } from '../store/agents.ts';
import type { Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';
import { fault, ok, reasonOf, warning } from './check.ts';

const WITHIN_MS = 1_500;
const MOST_NAMED = 5;

/** Asks one name server for the addresses of a name. @throws Error with a `code`, as node:dns has them */
export type AskServer = (server: string, name: string) => Promise<string[]>;

/** Asks over the network. */
export const askServer: AskServer = (server, name) => {
  const resolver = new Resolver({ timeout: WITHIN_MS, tries: 1 });
  resolver.setServers([server]);
  return resolver.resolve4(name);
};

/** Whether the sites' dnsmasq hosts answer for what is reserved, and guests have the addresses reserved for them. */
export async function addressFindings(db: Db, ask: AskServer): Promise<Finding[]> {
  const sites = await db.selectFrom('sites').selectAll().orderBy('name').execute();
  const agents = await db.selectFrom('agents').select(['site_id', 'roles']).where('status', '=', 'active').execute();
  const served = sites.filter(({ id }) =>
    agents.some((agent) => agent.site_id === id && rolesOf(agent).includes('dnsmasq')),
  );
  const found = await Promise.all(
    served.map(async (site) => [...(await dns(db, site, ask)), ...(await dhcp(db, site))]),
  );
  return found.flat();
}

async function dns(db: Db, site: Row<'sites'>, ask: AskServer): Promise<Finding[]> {
  const container = await db
    .selectFrom('containers')
    .select(['hostname', 'address'])
    .where('site_id', '=', site.id)
    .where('phase', '=', 'ready')
    .orderBy('id')
    .executeTakeFirst();
  if (!container) return [ok('dns', `${site.name}: no container has a name to ask for yet`)];
  const name = `${container.hostname}.${site.internal_domain}`;
  const servers: string[] = JSON.parse(site.dns_servers);
  return Promise.all(servers.map((server) => dnsFinding({ site, server, name, address: container.address }, ask)));
}

interface Question {
  site: Row<'sites'>;
  server: string;
  name: string;
  address: string;
}

async function dnsFinding({ site, server, name, address }: Question, ask: AskServer): Promise<Finding> {
  const remedy = `On that host: "berth-agent doctor", "journalctl -u berth-dnsmasq -n 30".`;
  try {
    const answer = await ask(server, name);
    if (answer.includes(address)) return ok('dns', `${site.name}: ${server} answers ${address} for ${name}`);
    return fault('dns', `${site.name}: ${server} answers ${answer.join(', ')} for ${name}, not ${address}`, remedy);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA') {
      return fault('dns', `${site.name}: ${server} does not know ${name}, which has ${address}`, remedy);
    }
    const message = `${site.name}: ${server} does not answer this host (${reasonOf(error)})`;
    return warning('dns', message, `If the guests' network is closed to this host, that is right. Else: ${remedy}`);
  }
}

async function dhcp(db: Db, site: Row<'sites'>): Promise<Finding[]> {
  const running = await db
    .selectFrom('containers')
    .innerJoin('guest_states', 'guest_states.container_id', 'containers.id')
    .leftJoin('leases', (join) =>
      join.onRef('leases.site_id', '=', 'containers.site_id').on('leases.mac', '=', sql`lower(containers.mac)`),
    )
    .select(['containers.hostname', 'containers.address', 'leases.address as leased'])
    .where('containers.site_id', '=', site.id)
    .where('containers.phase', '=', 'ready')
    .where('guest_states.power', '=', 'running')
    .orderBy('containers.hostname')
    .execute();
  const without = running.filter(({ address, leased }) => leased !== address).map(({ hostname }) => hostname);
  if (without.length === 0) return [ok('dhcp', `${site.name}: all ${running.length} running guests have their lease`)];
  const named = without.slice(0, MOST_NAMED).join(', ') + (without.length > MOST_NAMED ? ', …' : '');
  const message = `${site.name}: ${without.length} of ${running.length} running guests have no lease of their address: ${named}`;
  return [warning('dhcp', message, 'In the guest: does it ask by DHCP? On the dnsmasq host: "berth-agent doctor".')];
}
