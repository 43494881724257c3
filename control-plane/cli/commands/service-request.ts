/** What was given to `berth service create` and `update`, as the API takes it. */
import { readFileSync } from 'node:fs';
import { type Service, ServiceSchema, SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { ask } from '../ask.ts';
import { CliError } from '../explain.ts';
import type { Listed, ServiceFlags } from './service-flags.ts';

/** The fields that were given, by their path in a service of this kind, as JSON. */
async function fieldsOf(kind: 'http' | 'tcp' | 'udp', flags: ServiceFlags, known?: Service) {
  const access: [string, JsonValue | undefined][] = [
    ['allow', listOf(flags.allow)],
    ['deny', listOf(flags.deny)],
  ];
  if (kind === 'udp') return [['external_port', flags.externalPort] as const, ...access];
  if (kind === 'http') return [...httpFields(flags), ...(await optionFields(flags, access, known))];
  return [
    ['external_port', flags.externalPort],
    ['host', flags.host],
    ['tls', flags.tls],
    ['proxy_protocol', flags.proxyProtocol],
    ...access,
  ] as const;
}

function httpFields(flags: ServiceFlags): [string, JsonValue | undefined][] {
  return [
    ['host', flags.host],
    ['other_hosts', listOf(flags.also)],
    ['path', flags.path],
    ['backend_tls', flags.backendTls],
  ];
}

async function optionFields(flags: ServiceFlags, access: [string, JsonValue | undefined][], known?: Service) {
  const { maintenance, rate: limit } = flags;
  const options: [string, JsonValue | undefined][] = [
    ['plain_http', flags.plainHttp],
    ['max_body_bytes', flags.maxBody?.toString()],
    ['timeout_seconds', flags.timeout],
    ['gzip', flags.gzip],
    ['strip_path', flags.stripPath],
    ['request_headers', listOf(flags.requestHeader)?.map(headerRule)],
    ['response_headers', listOf(flags.header)?.map(headerRule)],
    ...access,
    ['requests_per_second', limit?.perSecond],
    ['burst', limit?.burst],
    ['connections', flags.connections],
    ['basic_auth', await basicAuth(flags, known)],
    ['maintenance', maintenance === undefined ? undefined : maintenance !== false],
    ['maintenance_text', typeof maintenance === 'string' ? maintenance : undefined],
    ['health_path', flags.health === false ? '' : flags.health],
    ['health_interval_seconds', flags.healthInterval],
    ['sign_in', signInField(flags, known)],
  ];
  return options.map(([name, value]) => [`options.${name}`, value] as const);
}

/**
 * A service of this kind with what was given, and the paths of what that is.
 * @param known the service as it is, when it is changed
 * @throws CliError for an option that such a service has not
 */
export async function serviceOf(kind: 'http' | 'tcp' | 'udp', flags: ServiceFlags, known?: Service) {
  const given = (await fieldsOf(kind, flags, known)).filter(([, value]) => value !== undefined);
  refuseForeign(kind, flags);
  const json: JsonObject = {};
  for (const [path, value] of given) put(json, path.split('.'), value as JsonValue);
  const internal: JsonObject = flags.internalPort === undefined ? {} : { internal_port: flags.internalPort };
  const paths = [...Object.keys(internal), ...given.map(([path]) => `${kind}.${path}`)];
  return { service: fromJson(ServiceSchema, { ...internal, [kind]: json }), paths };
}

function put(json: JsonObject, [name = '', ...rest]: string[], value: JsonValue): void {
  if (rest.length === 0) json[name] = value;
  else {
    const inner = (json[name] ?? {}) as JsonObject;
    put(inner, rest, value);
    json[name] = inner;
  }
}

const OF_TCP = ['host', 'tls', 'proxyProtocol', 'allow', 'deny', 'externalPort', 'internalPort'];
const OF_UDP = ['allow', 'deny', 'externalPort', 'internalPort'];
const NOT_OF_HTTP = ['tls', 'proxyProtocol', 'externalPort'];

function refuseForeign(kind: 'http' | 'tcp' | 'udp', flags: ServiceFlags): void {
  const names = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const fits = (name: string) => {
    if (kind === 'http') return !NOT_OF_HTTP.includes(name);
    return (kind === 'tcp' ? OF_TCP : OF_UDP).includes(name);
  };
  const foreign = names.find((name) => !fits(name));
  if (foreign === undefined) return;
  const option = foreign.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new CliError(`--${option} is not for services by ${kind}.`);
}

function listOf(value: Listed | undefined): string[] | undefined {
  return value === false ? [] : value;
}

function headerRule(text: string) {
  const at = text.indexOf(':');
  if (at < 1) throw new CliError(`${JSON.stringify(text)} is no header rule: it takes "Name: value" or "Name:".`);
  return { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

async function basicAuth({ basicAuth: names, basicAuthFile }: ServiceFlags, known?: Service) {
  if (basicAuthFile !== undefined)
    return readFileSync(basicAuthFile, 'utf8').split(/\r?\n/).filter(Boolean).map(nameAndPassword);
  if (names === undefined) return undefined;
  const options = known?.exposure.case === 'http' ? known.exposure.value.options : undefined;
  const users: { name: string; password: string }[] = [];
  for (const name of listOf(names) ?? []) {
    const keeps = options?.basicAuth.some((user) => user.name === name);
    users.push({ name, password: keeps ? '' : await ask(`Password for ${name}: `, true) });
  }
  return users;
}

function nameAndPassword(line: string) {
  const at = line.indexOf(':');
  return at < 0 ? { name: line, password: '' } : { name: line.slice(0, at), password: line.slice(at + 1) };
}

/** The sign-in as a whole, as far as it was not named as it is. */
function signInField({ signIn: who, openPath }: ServiceFlags, known?: Service): JsonValue | undefined {
  if (who === undefined && openPath === undefined) return undefined;
  const before = known?.exposure.case === 'http' ? known.exposure.value.options?.signIn : undefined;
  const require = who?.require ?? before?.require ?? SignInRequirement.UNSPECIFIED;
  const open = require === SignInRequirement.UNSPECIFIED ? [] : (before?.openPaths ?? []);
  return { require, groups: who?.groups ?? before?.groups ?? [], open_paths: listOf(openPath) ?? open };
}
