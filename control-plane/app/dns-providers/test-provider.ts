import { randomBytes } from 'node:crypto';
import type { TestDnsProviderRequest } from '@berth/proto/api/v1/dns_providers_pb.js';
import type { DnsProvider, TxtRecord } from '../../dns/dns-provider.ts';
import { openDnsProvider } from '../../dns/open-dns-provider.ts';
import { waitUntilServed } from '../../dns/wait-until-served.ts';
import { within } from '../../dns/within.ts';
import { AppError } from '../../errors.ts';
import { noteProviderError } from '../../store/dns-providers.ts';
import type { Row } from '../../store/schema.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { record } from '../record.ts';
import { domainFault } from '../validate/names.ts';
import { Violations } from '../validate/violations.ts';
import { findDnsProvider } from './read-providers.ts';

/** For all of it, in milliseconds; taking the record away has its own time. */
const SERVED_MS = 45_000;
const REMOVED_MS = 15_000;
const TTL_SECONDS = 60;

/** How a test went. */
export interface DnsProviderTest {
  ok: boolean;
  /** Step by step. */
  log: string[];
}

/**
 * Puts a TXT record under a domain's name, looks whether it is served, and takes it away again. What a provider
 * refuses is part of the answer, in its own words.
 */
export async function testDnsProvider(
  deps: AppDeps,
  caller: Caller,
  request: TestDnsProviderRequest,
  signal: AbortSignal,
): Promise<DnsProviderTest> {
  authorise(caller, 'DnsProvidersService.TestDnsProvider');
  const found = new Violations();
  found.check('domain', domainFault(request.domain));
  found.refuse();
  const row = await findDnsProvider(deps.store.db, request.provider, 'provider');
  const provider = openDnsProvider(deps, row, await siteAround(deps, request.domain));
  const test = new Test(deps, row, provider, testRecord(row, request.domain));
  const error = await test.run(signal);
  await deps.store.transaction(async (tx) => {
    await noteProviderError(tx, row.id, error ?? '');
    const change = { name: row.name, domain: request.domain, ok: error === undefined };
    const deed = { action: 'dns-provider.test', siteId: null, objectKind: 'dns-provider', objectId: row.id };
    await record(tx, caller, { ...deed, change });
  });
  return { ok: error === undefined, log: test.log };
}

class Test {
  readonly log: string[] = [];
  readonly #deps: AppDeps;
  readonly #row: Row<'dns_providers'>;
  readonly #provider: DnsProvider;
  readonly #record: TxtRecord;

  constructor(deps: AppDeps, row: Row<'dns_providers'>, provider: DnsProvider, txt: TxtRecord) {
    this.#deps = deps;
    this.#row = row;
    this.#provider = provider;
    this.#record = txt;
  }

  /** @returns the first thing that went wrong */
  async run(signal: AbortSignal): Promise<string | undefined> {
    const { fqdn } = this.#record;
    let handle = '';
    const bounds = { clock: this.#deps.clock, ms: SERVED_MS, who: 'The test' };
    const added = await this.#step(`TXT record ${fqdn} put.`, async () => {
      handle = await within(bounds, signal, (bounded) => this.#provider.addTxt(this.#record, bounded));
    });
    if (added !== undefined) return added;
    const served = await this.#step('Every name server serves it.', () =>
      within(bounds, signal, (bounded) => waitUntilServed(this.#deps, this.#row, this.#record, bounded)),
    );
    // With a time of its own, so that nothing is left behind by a test that was given up.
    const last = { ...bounds, ms: REMOVED_MS };
    const removed = await this.#step(`TXT record ${fqdn} taken away.`, () =>
      within(last, new AbortController().signal, (bounded) => this.#provider.removeTxt(this.#record, handle, bounded)),
    );
    return served ?? removed;
  }

  async #step(done: string, work: () => Promise<void>): Promise<string | undefined> {
    try {
      await work();
      this.log.push(done);
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.log.push(error.message);
      return error.message;
    }
  }
}

/** acme-dns serves nothing but what `_acme-challenge` is an alias for, and takes 43 characters only. */
function testRecord({ kind }: Row<'dns_providers'>, domain: string): TxtRecord {
  const label = kind === 'acme_dns' ? '_acme-challenge' : '_berth-test';
  return { fqdn: `${label}.${domain}`, value: randomBytes(32).toString('base64url'), ttlSeconds: TTL_SECONDS };
}

/** The site whose internal domain a name lies in; empty for none. */
async function siteAround({ store }: AppDeps, domain: string): Promise<string> {
  const sites = await store.db.selectFrom('sites').select(['id', 'internal_domain']).execute();
  return sites.find(({ internal_domain: own }) => domain === own || domain.endsWith(`.${own}`))?.id ?? '';
}
