/**
 * What keeps certificates, in this process and against the real pebble, with a database of its own. Agents are scripted
 * and run everything at once; what nginx would answer to the authority is answered from the store's rows. The real
 * nginx is in test/e2e/certificates.test.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AcmeOptions, startAcme } from '@berth/control-plane/acme/start-acme.ts';
import { ScriptedFleet } from '@berth/control-plane/operations/testing/scripted-fleet.ts';
import { type SeededSite, seedSite } from '@berth/control-plane/operations/testing/seed.ts';
import type { ManagedCertificate } from '@berth/control-plane/store/managed-certificates.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import type { NewRow, Row } from '@berth/control-plane/store/schema.ts';
import type { Store } from '@berth/control-plane/store/store.ts';
import { type Clock, systemClock } from '@berth/proto/contract/clock.ts';
import { seededRandom } from '@berth/proto/contract/random.ts';
import pino from 'pino';
import { type AcmeProxy, startAcmeProxy } from '../../lab/acme-proxy.ts';
import { type Pebble, startPebble } from '../../lab/pebble.ts';
import { freePort } from '../../support/free-port.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type AccountChange, insertAccount, insertDomainWithOwn, insertNames } from './world-rows.ts';

export interface WorldOptions {
  databaseUrl?: string;
  clock?: Clock;
  externalAccounts?: Record<string, string>;
  /** For pebble. */
  env?: Record<string, string>;
}

type Parts = Pick<AcmeWorld, 'directory' | 'store' | 'site' | 'fleet' | 'pebble' | 'proxy' | 'asked' | 'elsewhere'> & {
  hosts: Server;
};

/** All of it. */
export class AcmeWorld {
  readonly directory: string;
  readonly store: Store;
  readonly site: SeededSite;
  readonly fleet: ScriptedFleet;
  readonly pebble: Pebble;
  readonly proxy: AcmeProxy;
  readonly #hosts: Server;
  readonly #keepers: { stop(): Promise<void> }[] = [];
  /** Host and token of every question the authority asked over HTTP. */
  readonly asked: string[];
  /** Names that lead to other hosts, which answer with 404. */
  readonly elsewhere: Set<string>;

  private constructor(parts: Parts) {
    this.directory = parts.directory;
    this.store = parts.store;
    this.site = parts.site;
    this.fleet = parts.fleet;
    this.pebble = parts.pebble;
    this.proxy = parts.proxy;
    this.asked = parts.asked;
    this.elsewhere = parts.elsewhere;
    this.#hosts = parts.hosts;
  }

  static async open({
    databaseUrl,
    clock = systemClock,
    externalAccounts,
    env,
  }: WorldOptions = {}): Promise<AcmeWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-acme-'));
    const httpPort = await freePort();
    const pebble = await startPebble({
      directory,
      httpPort,
      ...(externalAccounts && { externalAccounts }),
      ...(env && { env }),
    });
    const tls = { certFile: join(directory, 'pebble.crt'), keyFile: join(directory, 'pebble.key') };
    const proxy = await startAcmeProxy(pebble.port, tls);
    const url = databaseUrl ?? `sqlite:${join(directory, 'berth.db')}`;
    const store = await openStore({ url, masterKey: new Uint8Array(32).fill(7), clock });
    const site = await seedSite(store);
    const fleet = new ScriptedFleet(store);
    fleet.start();
    const asked: string[] = [];
    const elsewhere = new Set<string>();
    const hosts = await answerFrom(store, httpPort, { asked, elsewhere });
    return new AcmeWorld({ directory, store, site, fleet, pebble, proxy, asked, elsewhere, hosts });
  }

  /** Starts keeping certificates; a second one is another replica. */
  async keep(options: Partial<AcmeOptions> = {}): Promise<{ stop(): Promise<void> }> {
    const acme = await startAcme({
      store: this.store,
      clock: this.store.clock,
      random: seededRandom(this.#keepers.length + 1),
      log: pino({ level: process.env.BERTH_TEST_LOG ?? 'silent' }),
      dns: { resolvers: [this.pebble.dns], closedNetwork: true },
      owner: `replica-${this.#keepers.length}`,
      publicUrl: 'https://berth.example',
      pollMs: 200,
      ...options,
    });
    this.#keepers.push(acme);
    return acme;
  }

  /** An account at the proxy before pebble. */
  account(change: AccountChange = {}): Promise<string> {
    const { directoryUrl: directory_url } = this.proxy;
    return insertAccount(this.store, { directory_url, ca_pem: this.pebble.caPem, ...change });
  }

  /** A domain with its self-signed certificate, as the verb makes it. */
  domain(name: string, change: Partial<NewRow<'domains'>> = {}): Promise<string> {
    return insertDomainWithOwn(this.store, { site_id: this.site.siteId, name, ...change });
  }

  /** HTTP services with these names. */
  names(domainId: string, hosts: readonly string[]): Promise<void> {
    return insertNames(this.store, this.site, domainId, hosts);
  }

  /** The row of a certificate by its name. */
  managed(name: string): Promise<ManagedCertificate | undefined> {
    return this.store.db.selectFrom('managed_certificates').selectAll().where('name', '=', name).executeTakeFirst();
  }

  /** What is served for a row. */
  async served(name: string): Promise<Row<'certificates'> | undefined> {
    const id = (await this.managed(name))?.certificate_id ?? '';
    return this.store.db.selectFrom('certificates').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Waits until a row is as wanted. */
  async until(name: string, is: (row: ManagedCertificate) => boolean, timeoutMs = 45_000): Promise<ManagedCertificate> {
    let row: ManagedCertificate | undefined;
    await waitFor(
      async () => {
        row = await this.managed(name);
        return row !== undefined && is(row);
      },
      { timeoutMs, what: `the certificate of ${name}` },
    ).catch((error: unknown) => {
      throw new Error(`${name}: ${JSON.stringify(row, (key, value) => (key.endsWith('_box') ? '…' : value))}`, {
        cause: error,
      });
    });
    return row as ManagedCertificate;
  }

  /** Waits until a row and the certificate of its authority are gone. */
  async gone(name: string): Promise<void> {
    const left = () =>
      this.store.db
        .selectFrom('certificates as c')
        .innerJoin('domains as d', 'd.id', 'c.domain_id')
        .select('c.id')
        .where('c.self_signed', '=', 0)
        .where((row) => row.or([row('c.name', '=', name), row('d.name', '=', name)]))
        .execute();
    await waitFor(async () => (await this.managed(name)) === undefined && (await left()).length === 0, {
      what: `${name} to go`,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.stop()));
    await this.fleet.stop();
    await new Promise((resolve) => this.#hosts.close(resolve));
    await this.proxy.close();
    await this.pebble.destroy();
    await this.store.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Answers as the nginx hosts do once they run the site's revision. */
async function answerFrom(
  store: Store,
  port: number,
  { asked, elsewhere }: Pick<AcmeWorld, 'asked' | 'elsewhere'>,
): Promise<Server> {
  const server = createServer((request, response) => {
    const token = (request.url ?? '').replace('/.well-known/acme-challenge/', '');
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    asked.push(`${host} ${token}`);
    const query = store.db.selectFrom('acme_challenges').select('answer').where('kind', '=', 'http-01');
    query
      .where('token', '=', token)
      .where('host', '=', host)
      .executeTakeFirst()
      .then((row) => (elsewhere.has(host) ? undefined : row))
      .then((row) => response.writeHead(row ? 200 : 404).end(row?.answer ?? ''))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
