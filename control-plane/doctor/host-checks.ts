/** What is looked at on a control plane's host: its own files and store, which want no sign-in. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import type { Config } from '../config.ts';
import { reachable } from '../host/local-api.ts';
import { readSetting } from '../store/settings.ts';
import type { Db } from '../store/store.ts';
import { VERSION } from '../version.ts';
import { addressFindings } from './addresses.ts';
import { agentFindings } from './agents.ts';
import { type AuthorityFact, authorityFindings } from './authority.ts';
import { type Check, fault, ok, reasonOf } from './check.ts';
import { clockFindings } from './clock.ts';
import { databaseFindings } from './database.ts';
import { domainCertificateFindings } from './domain-certificates.ts';
import type { HostView } from './host-view.ts';
import { ldapFindings } from './ldap.ts';
import { masterKeyFindings } from './master-key.ts';
import { nameFindings } from './names.ts';
import { type OpenedDatabase, openToLook } from './open-database.ts';
import { portFindings } from './ports.ts';
import { diskFindings, memoryFindings } from './room.ts';
import { servedFindings, takeCertificate } from './served-certificate.ts';
import { storedAgents } from './stored-agents.ts';
import { unitFindings } from './units.ts';

/** Authorities as the settings keep them, and whose certificates they sign. */
const AUTHORITIES = { 'fleet.authority': 'agents and the server', 'certificates.internal-authority': 'closed domains' };

/** The checks of this host, and what closes what they have opened. */
export async function hostChecks(view: HostView): Promise<{ checks: Check[]; close(): Promise<void> }> {
  let opened: OpenedDatabase | undefined;
  let why = '';
  try {
    opened = await openToLook(view.config.databaseUrl);
  } catch (error) {
    why = reasonOf(error);
  }
  const stored = opened ? storeChecks(view, opened) : [missingDatabase(why)];
  return {
    checks: [...serviceChecks(view), ...stored, ...roomChecks(view, opened)],
    close: async () => opened?.db.destroy(),
  };
}

function missingDatabase(why: string): Check {
  const remedy = 'Start the service, which makes it: "systemctl restart berth"; or restore a backup: "berth restore".';
  return { name: 'database', look: async () => [fault('database', why, remedy)] };
}

function serviceChecks(view: HostView): Check[] {
  const { config } = view;
  const { serverNames } = config;
  return [
    { name: 'versions', look: async () => [ok('versions', `this is Berth ${VERSION}`)] },
    { name: 'units', look: () => unitFindings(view.services) },
    { name: 'ports', look: () => portFindings(config) },
    {
      name: 'names',
      look: () => nameFindings({ names: toldNames(config), ownAddresses: view.ownAddresses(), resolve: view.resolve }),
    },
    {
      name: 'certificate',
      look: async () =>
        servedFindings(await takeCertificate(reachable(config.listen), caOf(view)), serverNames, view.now()),
    },
    { name: 'ldap', look: () => ldapFindings(config.ldapUris, caOf(view) ?? '') },
  ];
}

/** Names that others are told: those in the certificate, and those in what people and agents are given. */
function toldNames({ serverNames, publicUrl, agentAddress }: Config): string[] {
  const given = [new URL(publicUrl).hostname, new URL(`tcp://${agentAddress}`).hostname];
  return [...new Set([...serverNames, ...given.map((name) => name.replace(/^\[|\]$/g, ''))])];
}

function storeChecks(view: HostView, opened: OpenedDatabase): Check[] {
  const { db } = opened;
  return [
    { name: 'database', look: () => databaseFindings(opened) },
    { name: 'key', look: () => masterKeyFindings(db, view.config.masterKeyFile) },
    {
      name: 'clock',
      look: async () =>
        clockFindings({
          now: view.now(),
          other: await databaseClock(opened),
          newestChange: await newestChange(db),
          synchronised: await view.synchronised(),
          container: await view.container(),
        }),
    },
    { name: 'authority', look: async () => authorityFindings(await authorities(db), view.now()) },
    { name: 'domains', look: () => domainCertificateFindings(db, view.now()) },
    { name: 'agents', look: async () => agentFindings(await storedAgents(db, view.now()), view.now(), VERSION) },
    { name: 'addresses', look: () => addressFindings(db, view.ask) },
  ];
}

function roomChecks(view: HostView, opened: OpenedDatabase | undefined): Check[] {
  const places = new Set([view.config.stateDir, ...(opened?.file ? [dirname(opened.file)] : [])]);
  const disks = [...places].map((path) => ({
    name: 'disk',
    look: async () => diskFindings(path, await view.room(path)),
  }));
  const memory = async () => {
    const { available, total } = await view.memory();
    return memoryFindings(available, total);
  };
  return [...disks, { name: 'memory', look: memory }];
}

function caOf({ config }: HostView): string | undefined {
  const file = join(config.stateDir, 'ca.pem');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function authorities(db: Db): Promise<AuthorityFact[]> {
  const rows = await Promise.all(
    Object.entries(AUTHORITIES).map(async ([name, of]) => ({ of, pem: (await readSetting(db, name))?.value ?? '' })),
  );
  return rows.filter(({ pem }) => pem.includes('BEGIN CERTIFICATE'));
}

/** SQLite's clock is ours. */
async function databaseClock({ db, dialect }: OpenedDatabase): Promise<{ now: number; whose: string } | undefined> {
  if (dialect === 'sqlite') return undefined;
  const now = dialect === 'postgres' ? sql`extract(epoch from clock_timestamp())` : sql`unix_timestamp(now(6))`;
  const { rows } = await sql<{ seconds: number | string }>`select ${now} as seconds`.execute(db);
  return { now: Number(rows[0]?.seconds) * 1_000, whose: 'the database server' };
}

async function newestChange(db: Db): Promise<number | undefined> {
  const row = await db.selectFrom('audit').select('at').orderBy('at', 'desc').limit(1).executeTakeFirst();
  return row?.at;
}
