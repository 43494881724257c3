import type { DnsProvider } from '@berth/proto/api/v1/dns_providers_pb.js';
import { sealSecret } from '../../dns/open-dns-provider.ts';
import type { DnsProviderChange } from '../../store/dns-providers.ts';
import type { Row } from '../../store/schema.ts';
import type { SecretBox } from '../../store/secrets.ts';
import { hostnameFault } from '../validate/names.ts';
import type { Violations } from '../validate/violations.ts';
import { type DnsProviderKind, KINDS, serverFault } from './provider-kinds.ts';

const MOST_SERVERS = 8;
const DEFAULTS: Readonly<Record<string, string>> = { 'rfc2136.algorithm': 'hmac-sha256' };

/** What people decide about a provider: everything by its path in the API, such as "rfc2136.server". */
export interface DnsProviderFields {
  kind: DnsProviderKind;
  name: string;
  checkServers: string[];
  /** Settings by path. */
  settings: Readonly<Record<string, string>>;
  /** Empty: the one there is stays. */
  secret: string;
}

/** The paths an update may name for a kind. */
export function pathsOf(kind: DnsProviderKind): string[] {
  const { settings, secret } = KINDS[kind];
  const own = [...Object.keys(settings), ...(secret ? [secret.name] : [])];
  return ['name', 'check_servers', ...own.map((name) => `${kind}.${name}`)];
}

/** Every path that an update may name for some kind. */
export const ALL_PATHS = [...new Set((Object.keys(KINDS) as DnsProviderKind[]).flatMap(pathsOf))];

/** The fields of a message, defaults filled in; undefined when it names no kind. */
export function fieldsOfMessage(provider: DnsProvider): DnsProviderFields | undefined {
  const kind = (Object.keys(KINDS) as DnsProviderKind[]).find((each) => KINDS[each].case === provider.kind.case);
  if (!kind) return undefined;
  const values = new Map<string, unknown>(Object.entries(provider.kind.value ?? {}));
  const textOf = (name: string) => String(values.get(camel(name)) ?? '') || (DEFAULTS[`${kind}.${name}`] ?? '');
  const { settings, secret } = KINDS[kind];
  return {
    kind,
    name: provider.name,
    checkServers: provider.checkServers,
    settings: Object.fromEntries(Object.keys(settings).map((name) => [`${kind}.${name}`, textOf(name)])),
    secret: secret ? textOf(secret.name) : '',
  };
}

/** The fields of a row; its secret stays where it is. */
export function fieldsOfRow(row: Row<'dns_providers'>): DnsProviderFields {
  const stored: Record<string, string> = JSON.parse(row.settings);
  const names = Object.keys(KINDS[row.kind].settings);
  return {
    kind: row.kind,
    name: row.name,
    checkServers: JSON.parse(row.check_servers),
    settings: Object.fromEntries(names.map((name) => [`${row.kind}.${name}`, stored[camel(name)] ?? ''])),
    secret: '',
  };
}

/** The fields of one, those that are named from another. */
export function merged(
  before: DnsProviderFields,
  asked: Omit<DnsProviderFields, 'kind'>,
  named: ReadonlySet<string>,
): DnsProviderFields {
  const changed = Object.entries(asked.settings).filter(([path]) => named.has(path));
  return {
    kind: before.kind,
    name: named.has('name') ? asked.name : before.name,
    checkServers: named.has('check_servers') ? asked.checkServers : before.checkServers,
    settings: { ...before.settings, ...Object.fromEntries(changed) },
    secret: namesSecret(before.kind, named) ? asked.secret : '',
  };
}

/** Whether an update names the secret of its kind. */
export function namesSecret(kind: DnsProviderKind, named: ReadonlySet<string>): boolean {
  return named.has(`${kind}.${KINDS[kind].secret?.name}`);
}

/** Checks every field. @param withSecret whether the secret is among them */
export function checkFields(fields: DnsProviderFields, withSecret: boolean, found: Violations): void {
  const { kind, name, checkServers, settings, secret } = fields;
  found.check('provider.name', hostnameFault(name));
  const tooMany = checkServers.length > MOST_SERVERS ? `must be at most ${MOST_SERVERS}` : undefined;
  found.check('provider.check_servers', tooMany);
  checkServers.forEach((server, i) => {
    found.check(`provider.check_servers[${i}]`, serverFault(server));
  });
  const { settings: checks, secret: guarded } = KINDS[kind];
  for (const [field, check] of Object.entries(checks)) {
    const path = `${kind}.${field}`;
    found.check(`provider.${path}`, check(settings[path] ?? ''));
  }
  if (withSecret && guarded) found.check(`provider.${kind}.${guarded.name}`, guarded.check(secret));
}

/** The columns for a provider's fields; the secret only when there is a new one. */
export function columnsOf(
  fields: DnsProviderFields,
  id: string,
  secrets: SecretBox,
): Required<Omit<DnsProviderChange, 'secret_box' | 'last_error'>> & Pick<DnsProviderChange, 'secret_box'> {
  const stored = Object.entries(fields.settings).map(([path, value]) => [
    camel(path.slice(path.indexOf('.') + 1)),
    value,
  ]);
  return {
    name: fields.name,
    settings: JSON.stringify(Object.fromEntries(stored)),
    check_servers: JSON.stringify(fields.checkServers),
    ...(fields.secret !== '' && { secret_box: sealSecret(secrets, id, fields.secret) }),
  };
}

/** What the audit may know. */
export function auditable({ kind, name, checkServers, settings, secret }: DnsProviderFields): Record<string, unknown> {
  const changed = secret === '' ? {} : { [`${kind}.${KINDS[kind].secret?.name}`]: '(changed)' };
  return { name, check_servers: checkServers, ...settings, ...changed };
}

/** "key_name" as messages have it: "keyName". */
export function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
