import type { DnsProvider, DnsProviderSchema } from '@berth/proto/api/v1/dns_providers_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { html } from 'hono/html';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage } from '../form-errors.ts';
import type { Html } from '../layout.ts';

/** What a form of a provider holds, by the names of its inputs: "kind", "name", and paths such as "rfc2136.server". */
export type DnsProviderForm = Record<string, string>;

interface KindInput {
  /** Field of the API. */
  name: string;
  label: string;
  hint: string;
  secret?: boolean;
  required?: boolean;
}

interface KindForm {
  case: NonNullable<DnsProvider['kind']['case']>;
  label: string;
  /** What it does. */
  about: string;
  inputs: readonly KindInput[];
}

const ALGORITHMS = ['hmac-sha256', 'hmac-sha512', 'hmac-sha384', 'hmac-sha224', 'hmac-sha1'].map(
  (name) => [name, name] as const,
);

/** Every kind with what it asks for, by its name in paths. */
export const KIND_FORMS: Readonly<Record<string, KindForm>> = {
  rfc2136: {
    case: 'rfc2136',
    label: 'Dynamic updates (RFC 2136)',
    about: 'A name server such as BIND, Knot or PowerDNS that takes updates signed with a key (TSIG).',
    inputs: [
      { name: 'server', label: 'Server', hint: 'HOST or HOST:PORT of the primary.', required: true },
      { name: 'zone', label: 'Zone', hint: 'Empty: the server is asked.' },
      { name: 'key_name', label: 'Name of the key', hint: 'As the server knows it.', required: true },
      { name: 'algorithm', label: 'Algorithm', hint: '' },
      { name: 'secret', label: 'Secret of the key', hint: 'Base64, as tsig-keygen prints it.', secret: true },
    ],
  },
  cloudflare: {
    case: 'cloudflare',
    label: 'Cloudflare',
    about: 'Zones at Cloudflare, by a token that may read zones and edit their DNS records.',
    inputs: [
      {
        name: 'api_token',
        label: 'API token',
        hint: 'With the rights Zone.Zone: read and Zone.DNS: edit.',
        secret: true,
      },
      { name: 'api_url', label: 'URL of the API', hint: "Empty: Cloudflare's." },
    ],
  },
  acme_dns: {
    case: 'acmeDns',
    label: 'acme-dns',
    about: 'An acme-dns server, for challenges only: the _acme-challenge of a domain is an alias of the name it gave.',
    inputs: [
      { name: 'api_url', label: 'URL of the API', hint: 'e.g. https://auth.acme-dns.io', required: true },
      { name: 'username', label: 'User name', hint: 'As its registration told.', required: true },
      { name: 'password', label: 'Password', hint: 'As its registration told.', secret: true },
      { name: 'subdomain', label: 'Subdomain', hint: 'As its registration told.', required: true },
    ],
  },
  webhook: {
    case: 'webhook',
    label: 'A program of your own',
    about: 'It is called over HTTPS, signed, and puts records there and takes them away.',
    inputs: [
      { name: 'url', label: 'URL', hint: 'https only.', required: true },
      {
        name: 'secret',
        label: 'Key',
        hint: 'Calls are signed with it (HMAC-SHA256); at least 16 characters.',
        secret: true,
      },
    ],
  },
  dnsmasq: {
    case: 'dnsmasq',
    label: "The site's own dnsmasq",
    about: 'For names under the internal domain of a site; for challenges only.',
    inputs: [],
  },
};

/** What a kind is called. */
export function kindLabel(provider: DnsProvider): string {
  return kindOf(provider)?.[1].label ?? '';
}

function kindOf({ kind }: DnsProvider): [string, KindForm] | undefined {
  return Object.entries(KIND_FORMS).find(([, form]) => form.case === kind.case);
}

/** The provider as the API takes it. */
export function dnsProviderOf(form: DnsProviderForm): MessageInitShape<typeof DnsProviderSchema> {
  const { kind = '', name = '', check_servers = '' } = form;
  const known = KIND_FORMS[kind];
  const inputs = known?.inputs ?? [];
  const value = Object.fromEntries(inputs.map((each) => [camel(each.name), form[`${kind}.${each.name}`] ?? '']));
  return {
    name,
    checkServers: check_servers.split(/[\s,]+/).filter(Boolean),
    ...(known && { kind: { case: known.case, value } }),
  };
}

/** The paths that a form changes; a secret only when one was typed. */
export function changedPaths(form: DnsProviderForm): string[] {
  const { kind = '' } = form;
  const inputs = KIND_FORMS[kind]?.inputs ?? [];
  const changed = inputs.filter(({ name, secret }) => !secret || form[`${kind}.${name}`] !== '');
  return ['name', 'check_servers', ...changed.map(({ name }) => `${kind}.${name}`)];
}

/** The form of a provider as it is. */
export function formOfDnsProvider(provider: DnsProvider): DnsProviderForm {
  const [kind = '', known] = kindOf(provider) ?? [];
  const values = new Map<string, unknown>(Object.entries(provider.kind.value ?? {}));
  const own = (known?.inputs ?? []).map(({ name }) => [`${kind}.${name}`, String(values.get(camel(name)) ?? '')]);
  return { kind, name: provider.name, check_servers: provider.checkServers.join(' '), ...Object.fromEntries(own) };
}

/** The inputs of a form, with those of its kind. */
export function dnsProviderInputs(form: DnsProviderForm, errors: FormErrors | undefined, isNew: boolean): Html {
  const { kind = '' } = form;
  const inputs = KIND_FORMS[kind]?.inputs ?? [];
  const servers = [...(errors?.fields ?? [])].find(([path]) => path.startsWith('provider.check_servers'));
  const path = servers?.[0] ?? 'provider.check_servers';
  return html`${formMessage(errors)}
    <input type="hidden" name="kind" value="${kind}" />
    ${field({ label: 'Name', name: 'name', path: 'provider.name', value: form.name, hint: 'Lower-case letters, digits and hyphens.', required: true, errors })}
    ${inputs.map((input) => kindInput(kind, input, form, errors, isNew))}
    ${field({ label: 'Name servers to ask', name: 'check_servers', path, value: form.check_servers, hint: 'HOST or HOST:PORT, separated by spaces; empty: those that the zone names.', errors })}`;
}

function kindInput(
  kind: string,
  { name, label, hint, secret = false, required = false }: KindInput,
  form: DnsProviderForm,
  errors: FormErrors | undefined,
  isNew: boolean,
): Html {
  const path = `provider.${kind}.${name}`;
  const inputName = `${kind}.${name}`;
  if (name === 'algorithm') {
    return select({ label, name: inputName, path, choices: ALGORITHMS, value: form[inputName] ?? '', errors });
  }
  if (!secret) return field({ label, name: inputName, path, value: form[inputName], hint, required, errors });
  const kept = isNew ? hint : `${hint} Empty keeps the one that is there.`;
  // A secret is not sent back to where it was typed.
  return field({ label, name: inputName, path, value: '', hint: kept, type: 'password', required: isNew, errors });
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
