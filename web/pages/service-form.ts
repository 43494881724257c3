/** The form of a service, and how it stands in the API. */
import {
  type HttpOptions,
  type HttpOptionsSchema,
  type Service,
  type ServiceSchema,
  SignInRequirement,
  TlsMode,
} from '@berth/proto/api/v1/services_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { linesOf } from '../components/lines.ts';
import { type Form, numberOf } from '../read-form.ts';

/** How a service may be exposed. */
export type Kind = 'http' | 'tcp' | 'udp';

/** Values and labels of who may come, in the order of the list. */
export const WHO: readonly (readonly [value: string, label: string, require: SignInRequirement])[] = [
  ['nobody', 'nobody: everybody may come', SignInRequirement.UNSPECIFIED],
  ['members', 'members of the container', SignInRequirement.MEMBERS],
  ['groups', 'members of the container and of these groups', SignInRequirement.GROUPS],
  ['anybody', 'anybody who has an account', SignInRequirement.ANYBODY],
  ['oauth2-proxy', "whomever the domain's oauth2-proxy lets in", SignInRequirement.OAUTH2_PROXY],
];

/** Values and labels of how TLS is used. */
export const TLS_MODES: readonly (readonly [value: string, label: string, mode: TlsMode])[] = [
  ['none', 'not at all: bytes pass as they come', TlsMode.UNSPECIFIED],
  ['terminate', 'it ends at the ingress; the container sees clear text', TlsMode.TERMINATE],
  ['pass-through', 'it passes through to the container, which has its own certificate', TlsMode.PASS_THROUGH],
];

const PATHS: Record<Kind, string[]> = {
  http: ['host', 'other_hosts', 'path', 'backend_tls', 'options'],
  tcp: ['external_port', 'tls', 'host', 'proxy_protocol', 'allow', 'deny'],
  udp: ['external_port', 'allow', 'deny'],
};

const UNITS: Record<string, bigint> = { '': 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n };
/** What the API refuses and names. */
const TOO_MANY_BYTES = 1n << 62n;

/** Every path that a form of this kind changes. */
export function changedPaths(kind: Kind): string[] {
  return ['internal_port', ...PATHS[kind].map((field) => `${kind}.${field}`)];
}

/** The service that a form describes. @param known names that have a password at the ingress */
export function serviceOf(kind: Kind, form: Form, known: readonly string[]): MessageInitShape<typeof ServiceSchema> {
  const internalPort = numberOf(form.internal_port);
  const lists = { allow: linesOf(form.allow), deny: linesOf(form.deny) };
  const externalPort = numberOf(form.external_port || '0');
  if (kind === 'udp') return { internalPort, exposure: { case: 'udp', value: { externalPort, ...lists } } };
  if (kind === 'tcp') {
    const tls = TLS_MODES.find(([value]) => value === form.tls)?.[2] ?? TlsMode.UNSPECIFIED;
    const host = tls === TlsMode.UNSPECIFIED ? '' : (form.host ?? '');
    const value = { externalPort, tls, host, proxyProtocol: form.proxy_protocol === 'yes', ...lists };
    return { internalPort, exposure: { case: 'tcp', value } };
  }
  const names = { host: form.host ?? '', otherHosts: linesOf(form.other_hosts), path: form.path ?? '' };
  const value = { ...names, backendTls: form.backend_tls === 'yes', options: { ...optionsOf(form, known), ...lists } };
  return { internalPort, exposure: { case: 'http', value } };
}

function optionsOf(form: Form, known: readonly string[]): MessageInitShape<typeof HttpOptionsSchema> {
  const yes = (name: string) => form[name] === 'yes';
  const number = (name: string) => numberOf(form[name] || '0');
  return {
    plainHttp: yes('plain_http'),
    maxBodyBytes: bytesOf(form.max_body),
    timeoutSeconds: number('timeout_seconds'),
    gzip: yes('gzip'),
    stripPath: yes('strip_path'),
    requestHeaders: linesOf(form.request_headers).map(headerOf),
    responseHeaders: linesOf(form.response_headers).map(headerOf),
    requestsPerSecond: number('requests_per_second'),
    burst: number('burst'),
    connections: number('connections'),
    basicAuth: basicAuthOf(form, known),
    maintenance: yes('maintenance'),
    maintenanceText: form.maintenance_text ?? '',
    healthPath: form.health_path ?? '',
    healthIntervalSeconds: number('health_interval_seconds'),
    signIn: signInOf(form),
  };
}

function signInOf(form: Form) {
  const require = WHO.find(([value]) => value === form.sign_in)?.[2] ?? SignInRequirement.UNSPECIFIED;
  const groups = require === SignInRequirement.GROUPS ? linesOf(form.groups) : [];
  const openPaths = require === SignInRequirement.UNSPECIFIED ? [] : linesOf(form.open_paths);
  return { require, groups, openPaths };
}

/** Those who stay, whose boxes are ticked, and whoever is added or gets another password. */
function basicAuthOf(form: Form, known: readonly string[]) {
  const added = form.basic_auth_name ?? '';
  const kept = known.filter((name) => form[`keep ${name}`] === 'yes' && name !== added);
  const users = kept.map((name) => ({ name, password: '' }));
  return added === '' ? users : [...users, { name: added, password: form.basic_auth_password ?? '' }];
}

function headerOf(line: string) {
  const at = line.indexOf(':');
  return at < 0 ? { name: line, value: '' } : { name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
}

function bytesOf(text = ''): bigint {
  const [, digits, unit = ''] = /^(\d{1,15})\s*([KMGT]iB)?$/.exec(text) ?? [];
  if (text === '') return 0n;
  return digits === undefined ? TOO_MANY_BYTES : BigInt(digits) * (UNITS[unit] ?? 1n);
}

/** A number of bytes in the largest unit in which it is whole; empty for any. */
function bytesText(bytes: bigint): string {
  if (bytes === 0n) return '';
  const [unit, size] = Object.entries(UNITS).findLast(([, each]) => bytes % each === 0n) ?? ['', 1n];
  return `${bytes / size}${unit && ` ${unit}`}`;
}

/** The form of a service as it is. */
export function formOfService({ internalPort, exposure }: Service): Form {
  const port = { internal_port: String(internalPort) };
  if (exposure.case === undefined) return port;
  if (exposure.case === 'http') {
    const { host, otherHosts, path, backendTls, options } = exposure.value;
    const names = { host, other_hosts: otherHosts.join('\n'), path, backend_tls: yesIf(backendTls) };
    return { ...port, ...names, ...(options ? formOfOptions(options) : {}) };
  }
  const { externalPort, allow, deny } = exposure.value;
  const common = { ...port, external_port: String(externalPort), allow: allow.join('\n'), deny: deny.join('\n') };
  if (exposure.case === 'udp') return common;
  const { tls, host, proxyProtocol } = exposure.value;
  const mode = TLS_MODES.find(([, , each]) => each === tls)?.[0] ?? 'none';
  return { ...common, tls: mode, host, proxy_protocol: yesIf(proxyProtocol) };
}

function formOfOptions(options: HttpOptions): Form {
  const number = (value: number) => (value === 0 ? '' : String(value));
  const headers = (rules: HttpOptions['requestHeaders']) =>
    rules.map(({ name, value }) => `${name}: ${value}`).join('\n');
  const { signIn } = options;
  return {
    plain_http: yesIf(options.plainHttp),
    max_body: bytesText(options.maxBodyBytes),
    timeout_seconds: number(options.timeoutSeconds),
    gzip: yesIf(options.gzip),
    strip_path: yesIf(options.stripPath),
    request_headers: headers(options.requestHeaders),
    response_headers: headers(options.responseHeaders),
    allow: options.allow.join('\n'),
    deny: options.deny.join('\n'),
    requests_per_second: number(options.requestsPerSecond),
    burst: number(options.burst),
    connections: number(options.connections),
    maintenance: yesIf(options.maintenance),
    maintenance_text: options.maintenanceText,
    health_path: options.healthPath,
    health_interval_seconds: number(options.healthIntervalSeconds),
    sign_in: WHO.find(([, , require]) => require === signIn?.require)?.[0] ?? 'nobody',
    groups: signIn?.groups.join('\n') ?? '',
    open_paths: signIn?.openPaths.join('\n') ?? '',
    ...Object.fromEntries(options.basicAuth.map(({ name }) => [`keep ${name}`, 'yes'])),
  };
}

/** The names that have a password at the ingress. */
export function basicAuthNames({ exposure }: Service): string[] {
  return exposure.case === 'http' ? (exposure.value.options?.basicAuth.map(({ name }) => name) ?? []) : [];
}

function yesIf(value: boolean): string {
  return value ? 'yes' : '';
}
