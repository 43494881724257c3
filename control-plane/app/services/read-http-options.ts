import {
  type BasicAuthUser,
  type HeaderRule,
  type HttpOptions,
  type SignIn,
  SignInRequirement,
  SignInSchema,
} from '@berth/proto/api/v1/services_pb.js';
import { create } from '@bufbuild/protobuf';
import { DEFAULT_OPTIONS, type SignInOptions } from '../../store/service-options.ts';
import {
  basicAuthNameFault,
  basicAuthPasswordFault,
  headerNameFault,
  headerValueFault,
  healthPathFault,
  normalPath,
  pathFault,
} from '../validate/http.ts';
import { checkList } from '../validate/lists.ts';
import { rangeFault } from '../validate/numbers.ts';
import { lineFault, referenceFault } from '../validate/text.ts';
import type { Violations } from '../validate/violations.ts';
import { readRanges } from './read-ranges.ts';
import type { AskedOptions } from './service-fields.ts';

/** A pebibyte; what is more says nothing any more. */
const MAX_BODY_BYTES = 2 ** 50;
const MAX_TIMEOUT_SECONDS = 86_400;
const MAX_RATE = 100_000;
/** What nginx's `limit_conn` counts to. */
const MAX_CONNECTIONS = 65_535;
const MAX_HEADERS = 32;
const MAX_BASIC_AUTH = 100;
const MAX_GROUPS = 32;
const MAX_OPEN_PATHS = 16;
const HEALTH_SECONDS = { min: 5, max: 3_600 };

const REQUIREMENTS: Record<SignInRequirement, SignInOptions['require']> = {
  [SignInRequirement.UNSPECIFIED]: 'nobody',
  [SignInRequirement.MEMBERS]: 'members',
  [SignInRequirement.GROUPS]: 'groups',
  [SignInRequirement.ANYBODY]: 'anybody',
  [SignInRequirement.OAUTH2_PROXY]: 'oauth2_proxy',
};

/** Reads and checks the options of an HTTP service. @param path of the options in the request */
export function readHttpOptions(options: HttpOptions, path: string, found: Violations): AskedOptions {
  checkNumbers(options, path, found);
  found.check(`${path}.maintenance_text`, lineFault(options.maintenanceText, 500));
  if (options.healthPath !== '') found.check(`${path}.health_path`, healthPathFault(options.healthPath));
  const signIn = readSignIn(options.signIn ?? create(SignInSchema), `${path}.sign_in`, found);
  const guarded = signIn.require !== 'nobody' || options.basicAuth.length > 0;
  if (options.plainHttp && guarded) found.check(`${path}.plain_http`, 'would send passwords and sessions in the clear');
  const twice = signIn.require !== 'nobody' && options.basicAuth.length > 0;
  const confusing = 'cannot go with basic_auth: a browser could not tell which of the two it lacks';
  if (twice) found.check(`${path}.sign_in.require`, confusing);
  const { plainHttp, timeoutSeconds, gzip, stripPath, requestsPerSecond, burst, connections } = options;
  const { maintenance, maintenanceText, healthPath, healthIntervalSeconds } = options;
  return {
    ...DEFAULT_OPTIONS,
    ...readRanges(options, path, found),
    ...{ plainHttp, timeoutSeconds, gzip, stripPath, requestsPerSecond, burst, connections },
    ...{ maintenance, maintenanceText, healthPath, healthIntervalSeconds, signIn },
    maxBodyBytes: Number(options.maxBodyBytes),
    requestHeaders: readHeaders(options.requestHeaders, `${path}.request_headers`, found),
    responseHeaders: readHeaders(options.responseHeaders, `${path}.response_headers`, found),
    basicAuth: readBasicAuth(options.basicAuth, `${path}.basic_auth`, found),
  };
}

function checkNumbers(options: HttpOptions, path: string, found: Violations): void {
  const { timeoutSeconds, requestsPerSecond, burst, connections, healthIntervalSeconds: interval } = options;
  const bytes = options.maxBodyBytes > BigInt(MAX_BODY_BYTES) ? `must be at most ${MAX_BODY_BYTES}` : undefined;
  found.check(`${path}.max_body_bytes`, bytes);
  found.check(`${path}.timeout_seconds`, rangeFault(timeoutSeconds, 0, MAX_TIMEOUT_SECONDS));
  found.check(`${path}.requests_per_second`, rangeFault(requestsPerSecond, 0, MAX_RATE));
  const needless = burst > 0 && requestsPerSecond === 0 ? 'needs requests_per_second' : undefined;
  found.check(`${path}.burst`, rangeFault(burst, 0, MAX_RATE) ?? needless);
  found.check(`${path}.connections`, rangeFault(connections, 0, MAX_CONNECTIONS));
  if (interval === 0) return;
  found.check(`${path}.health_interval_seconds`, rangeFault(interval, HEALTH_SECONDS.min, HEALTH_SECONDS.max));
}

function readHeaders(rules: readonly HeaderRule[], path: string, found: Violations) {
  if (rules.length > MAX_HEADERS) found.check(path, `must have at most ${MAX_HEADERS} entries`);
  const seen = new Set<string>();
  return rules.slice(0, MAX_HEADERS).map(({ name, value }, i) => {
    const right = found.check(`${path}[${i}].name`, headerNameFault(name));
    if (right && seen.has(name.toLowerCase())) found.check(`${path}[${i}].name`, 'is there twice');
    seen.add(name.toLowerCase());
    found.check(`${path}[${i}].value`, headerValueFault(value));
    return { name, value };
  });
}

/** Passwords may be missing here: whether a name keeps its own is seen when the service is read. */
function readBasicAuth(users: readonly BasicAuthUser[], path: string, found: Violations) {
  if (users.length > MAX_BASIC_AUTH) found.check(path, `must have at most ${MAX_BASIC_AUTH} entries`);
  const seen = new Set<string>();
  return users.slice(0, MAX_BASIC_AUTH).map(({ name, password }, i) => {
    const right = found.check(`${path}[${i}].name`, basicAuthNameFault(name));
    if (right && seen.has(name)) found.check(`${path}[${i}].name`, 'is there twice');
    seen.add(name);
    if (password !== '') found.check(`${path}[${i}].password`, basicAuthPasswordFault(password));
    return { name, password };
  });
}

function readSignIn(signIn: SignIn, path: string, found: Violations): SignInOptions {
  const require = REQUIREMENTS[signIn.require] as SignInOptions['require'] | undefined;
  found.check(`${path}.require`, require ? undefined : 'must be nobody, members, groups, anybody or oauth2-proxy');
  checkList(`${path}.groups`, signIn.groups, MAX_GROUPS, referenceFault, found);
  if (require === 'groups' && signIn.groups.length === 0) found.check(`${path}.groups`, 'must name at least one group');
  if (require !== 'groups' && signIn.groups.length > 0) found.check(`${path}.groups`, 'are not asked for by `require`');
  checkList(`${path}.open_paths`, signIn.openPaths.map(normalPath), MAX_OPEN_PATHS, pathFault, found);
  if (require === 'nobody' && signIn.openPaths.length > 0) found.check(`${path}.open_paths`, 'are all open anyhow');
  return { require: require ?? 'nobody', groups: [...signIn.groups], openPaths: signIn.openPaths.map(normalPath) };
}
