import { type IdentityProvider, NewPeople } from '@berth/proto/api/v1/oidc_pb.js';
import { isAllowedUrl } from '../../auth/oidc/allowed-url.ts';
import type { ProviderChange } from '../../store/oidc-providers.ts';
import type { Row } from '../../store/schema.ts';
import { hostnameFault } from '../validate/names.ts';
import { lineFault, referenceFault, shapeFault } from '../validate/text.ts';
import type { Violations } from '../validate/violations.ts';
import { type GroupMapping, readMappings } from './group-mappings.ts';

/** What people decide about a provider, in the names of the API. */
export interface ProviderFields {
  display_name: string;
  issuer: string;
  client_id: string;
  client_secret: string;
  scopes: string[];
  groups_claim: string;
  /** Groups as they were referred to. */
  group_mappings: GroupMapping[];
  may_administer: boolean;
  new_people: NewPeople;
  trusted_second_factor: boolean;
  enabled: boolean;
}

/** Every field that an update may name. */
export const PROVIDER_PATHS = [
  'display_name',
  'issuer',
  'client_id',
  'client_secret',
  'scopes',
  'groups_claim',
  'group_mappings',
  'may_administer',
  'new_people',
  'trusted_second_factor',
  'enabled',
] as const satisfies (keyof ProviderFields)[];

const DEFAULT_SCOPES = ['openid', 'profile', 'email'];
const MAX_MAPPINGS = 200;

/** The fields of a message, defaults filled in. */
export function fieldsOfMessage(provider: IdentityProvider): ProviderFields {
  return {
    display_name: provider.displayName || provider.name,
    issuer: provider.issuer,
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    scopes: provider.scopes.length > 0 ? provider.scopes : DEFAULT_SCOPES,
    groups_claim: provider.groupsClaim,
    group_mappings: provider.groupMappings.map(({ value, group }) => ({ value, group })),
    may_administer: provider.mayAdminister,
    new_people: provider.newPeople || NewPeople.REFUSED,
    trusted_second_factor: provider.trustedSecondFactor,
    enabled: provider.enabled,
  };
}

/** The fields of a row; its secret stays where it is. */
export function fieldsOfRow(row: Row<'oidc_providers'>): ProviderFields {
  return {
    display_name: row.display_name,
    issuer: row.issuer,
    client_id: row.client_id,
    client_secret: '',
    scopes: row.scopes.split(' '),
    groups_claim: row.groups_claim,
    group_mappings: readMappings(row),
    may_administer: row.may_administer === 1,
    new_people: newPeopleOf(row),
    trusted_second_factor: row.trusted_second_factor === 1,
    enabled: row.enabled === 1,
  };
}

function newPeopleOf({ create_users, new_user_status }: Row<'oidc_providers'>): NewPeople {
  if (create_users !== 1) return NewPeople.REFUSED;
  return new_user_status === 'active' ? NewPeople.ACTIVE : NewPeople.PENDING;
}

/** Columns of the fields that are named; group mappings have identifiers by now. */
export function columnsOf(fields: ProviderFields, named: ReadonlySet<string>): ProviderChange {
  const flag = (value: boolean) => (value ? 1 : 0);
  const all: Record<keyof ProviderFields, ProviderChange> = {
    display_name: { display_name: fields.display_name },
    issuer: { issuer: fields.issuer },
    client_id: { client_id: fields.client_id },
    client_secret: { client_secret: fields.client_secret },
    scopes: { scopes: fields.scopes.join(' ') },
    groups_claim: { groups_claim: fields.groups_claim },
    group_mappings: { group_mapping: JSON.stringify(fields.group_mappings) },
    may_administer: { may_administer: flag(fields.may_administer) },
    new_people: {
      create_users: flag(fields.new_people !== NewPeople.REFUSED),
      new_user_status: fields.new_people === NewPeople.ACTIVE ? 'active' : 'pending',
    },
    trusted_second_factor: { trusted_second_factor: flag(fields.trusted_second_factor) },
    enabled: { enabled: flag(fields.enabled) },
  };
  return Object.assign({}, ...PROVIDER_PATHS.filter((path) => named.has(path)).map((path) => all[path]));
}

/** What the audit may know of the fields that are named. */
export function auditable(fields: ProviderFields, named: ReadonlySet<string>): Record<string, unknown> {
  const shown = { ...fields, client_secret: '(changed)', new_people: NewPeople[fields.new_people]?.toLowerCase() };
  return Object.fromEntries(Object.entries(shown).filter(([path]) => named.has(path)));
}

/** The name a provider is made with. */
export const providerNameFault = hostnameFault;

/** Checks every field; groups are looked up by the verb. */
export function checkProvider(fields: ProviderFields, found: Violations): void {
  const check = (path: keyof ProviderFields | `group_mappings[${number}].${'value' | 'group'}`, fault?: string) =>
    found.check(`provider.${path}`, fault);
  check('display_name', lineFault(fields.display_name, 100));
  check('issuer', issuerFault(fields.issuer));
  check('client_id', shapeFault(fields.client_id, /^[\x20-\x7e]{1,255}$/, 'must be at most 255 printable characters'));
  check('client_secret', secretFault(fields.client_secret));
  check('scopes', scopesFault(fields.scopes));
  check('groups_claim', lineFault(fields.groups_claim, 255) ?? neededClaim(fields));
  if (fields.group_mappings.length > MAX_MAPPINGS) check('group_mappings[0].value', `are more than ${MAX_MAPPINGS}`);
  fields.group_mappings.forEach(({ value, group }, i) => {
    check(`group_mappings[${i}].value`, value === '' ? 'is required' : lineFault(value, 255));
    check(`group_mappings[${i}].group`, referenceFault(group));
  });
  if (NewPeople[fields.new_people] === undefined) check('new_people', 'is none that there is');
}

function neededClaim({ groups_claim, group_mappings }: ProviderFields): string | undefined {
  return groups_claim === '' && group_mappings.length > 0 ? 'is needed for groups to be mapped' : undefined;
}

/** An issuer: an https URL without query or fragment; http for a provider on this machine. */
function issuerFault(text: string): string | undefined {
  if (text === '') return 'is required';
  const description = 'must be an https URL such as "https://id.example.org", without query (http only on loopback)';
  if (!/^https?:\/\/[\w.:[\]%~/-]{1,240}$/.test(text) || !URL.canParse(text)) return description;
  return isAllowedUrl(new URL(text)) ? undefined : description;
}

function secretFault(text: string): string | undefined {
  return /^[\x20-\x7e]{0,1024}$/.test(text) ? undefined : 'must be at most 1024 printable characters';
}

function scopesFault(scopes: readonly string[]): string | undefined {
  if (!scopes.every((scope) => /^[!#-[\]-~]+$/.test(scope))) return 'must be words of printable characters';
  if (scopes.join(' ').length > 255) return 'must be at most 255 characters together';
  return scopes.includes('openid') ? undefined : 'must hold "openid"';
}
