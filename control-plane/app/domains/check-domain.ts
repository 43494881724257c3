import type { Domain } from '@berth/proto/api/v1/domains_pb.js';
import { notFound } from '../../errors.ts';
import { acmeAccountByReference, lockAcmeAccount } from '../../store/acme-accounts.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { ADMINISTRATORS_PATHS, type DomainFields, enumsOf } from './domain-fields.ts';

/** Two years: the longest that HSTS is asked for. */
const MAX_HSTS = 63_072_000;
/** A year: what browsers want before they build a name in (hstspreload.org). */
const PRELOAD_HSTS = 31_536_000;
const MAX_URL = 255;
/** Kinds of DNS providers that hold addresses, not challenges only. */
const ADDRESS_KINDS: readonly Row<'dns_providers'>['kind'][] = ['cloudflare', 'rfc2136', 'webhook'];

/** Checks that what is of a kind is of one that there is. */
export function checkEnums(domain: Domain, found: Violations): void {
  for (const [path, value] of Object.entries(enumsOf(domain))) {
    found.check(`domain.${path}`, value === undefined ? 'is none that there is' : undefined);
  }
}

/** Who is asking, as far as it decides what may be set. */
export interface Asking {
  /** Whether the domain is, or will be, somebody's own. */
  custom: boolean;
  /** Whether the caller administers the site. */
  administers: boolean;
}

/** Checks every field by itself, and those against one another that must agree. @param before what is there already */
export function checkDomain(
  fields: DomainFields,
  asking: Asking,
  before: DomainFields | undefined,
  found: Violations,
): void {
  const check = (path: keyof DomainFields, fault: string | undefined) => found.check(`domain.${path}`, fault);
  check('access', asking.custom && fields.access === 'shared' ? "a custom domain is its owner's to give" : undefined);
  check('acme_account', fields.acme_account === '' ? undefined : referenceFault(fields.acme_account));
  check('dns_provider', fields.dns_provider === '' ? undefined : referenceFault(fields.dns_provider));
  check('oauth2_proxy_url', proxyFault(fields.oauth2_proxy_url));
  if (!asking.administers) {
    for (const path of ADMINISTRATORS_PATHS) {
      const same = fields[path] === (before?.[path] ?? (path === 'publish_dns' ? false : ''));
      check(path, same ? undefined : 'is set by administrators of the site only');
    }
  }
  checkHsts(fields, check);
  checkAcme(fields, check);
}

type Check = (path: keyof DomainFields, fault: string | undefined) => boolean;

function checkHsts({ hsts_max_age_seconds: age, hsts_include_subdomains, hsts_preload }: DomainFields, check: Check) {
  check('hsts_max_age_seconds', age <= MAX_HSTS ? undefined : `must be at most ${MAX_HSTS}`);
  if (!hsts_preload) return;
  check('hsts_preload', hsts_include_subdomains ? undefined : 'wants the names below, too (hsts_include_subdomains)');
  check('hsts_preload', age >= PRELOAD_HSTS ? undefined : `wants at least a year (${PRELOAD_HSTS} seconds)`);
}

/** What an order needs; it is checked before, so that it does not fail at night. */
function checkAcme(fields: DomainFields, check: Check): void {
  if (fields.publish_dns)
    check('dns_provider', fields.dns_provider === '' ? 'is needed to publish records' : undefined);
  if (fields.certificate_source !== 'acme') return;
  check('acme_account', fields.acme_account === '' ? 'is needed to order certificates' : undefined);
  const wildcard = fields.certificate_scope === 'wildcard';
  // RFC 8555, 7.1.3 leaves it to authorities, and none issues a wildcard for anything but DNS-01.
  if (wildcard && fields.challenge === 'http-01') check('challenge', 'must be DNS-01 for a wildcard');
  const byDns = fields.challenge === 'dns-01' || (wildcard && fields.challenge === '');
  if (byDns) check('dns_provider', fields.dns_provider === '' ? 'is needed for DNS-01' : undefined);
}

/**
 * The fields with the identifiers of what they refer to, which stays there until the transaction ends.
 * @throws AppError "acme_account_not_found", "dns_provider_not_found"
 */
export async function resolveReferences(tx: Tx, fields: DomainFields): Promise<DomainFields> {
  const resolved = { ...fields };
  if (fields.acme_account !== '') {
    const account = await acmeAccountByReference(tx.db, fields.acme_account);
    if (!account) throw notFound('ACME account', fields.acme_account, 'domain.acme_account');
    await lockAcmeAccount(tx, account.id);
    resolved.acme_account = account.id;
  }
  if (fields.dns_provider !== '') {
    const provider = await lockedProvider(tx, fields.dns_provider);
    if (!provider) throw notFound('DNS provider', fields.dns_provider, 'domain.dns_provider');
    const found = new Violations();
    const fits = !fields.publish_dns || ADDRESS_KINDS.includes(provider.kind);
    found.check('domain.publish_dns', fits ? undefined : `${provider.name} holds challenges only`);
    found.refuse();
    resolved.dns_provider = provider.id;
  }
  return resolved;
}

/** A provider, held until the transaction ends. */
async function lockedProvider(tx: Tx, reference: string): Promise<Row<'dns_providers'> | undefined> {
  const row = await tx.db
    .selectFrom('dns_providers')
    .selectAll()
    .where((where) => where.or([where('id', '=', reference), where('name', '=', reference)]))
    .executeTakeFirst();
  if (!row) return undefined;
  const held = tx.db.updateTable('dns_providers').set((eb) => ({ updated_at: eb.ref('updated_at') }));
  await held.where('id', '=', row.id).execute();
  return row;
}

/** The base URL of an oauth2-proxy: https, without query, fragment or user. */
function proxyFault(text: string): string | undefined {
  if (text === '') return undefined;
  const description = 'must be an https URL such as "https://login.example.org", without query';
  const plain = /^https:\/\/[a-z0-9.:[\]-]+(\/[\w.~/-]*)?$/.test(text) && text.length <= MAX_URL;
  return plain && URL.canParse(text) ? undefined : description;
}
