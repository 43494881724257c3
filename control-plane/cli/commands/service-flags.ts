/** The options of `berth service create` and `update`. */
import { SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { type Command, InvalidArgumentError } from 'commander';
import { collect, wholeNumber } from '../parse.ts';

/** A repeatable option; false when it was emptied. */
export type Listed = string[] | false;

/** What was given; `false` for what was taken away by a `--no-…`. */
export interface ServiceFlags {
  internalPort?: number;
  host?: string;
  also?: Listed;
  path?: string;
  backendTls?: boolean;
  plainHttp?: boolean;
  maxBody?: bigint;
  timeout?: number;
  gzip?: boolean;
  stripPath?: boolean;
  requestHeader?: Listed;
  header?: Listed;
  allow?: Listed;
  deny?: Listed;
  rate?: { perSecond: number; burst: number };
  connections?: number;
  basicAuth?: Listed;
  basicAuthFile?: string;
  maintenance?: string | boolean;
  signIn?: SignInFlag;
  openPath?: Listed;
  health?: string | false;
  healthInterval?: number;
  externalPort?: number;
  tls?: string;
  proxyProtocol?: boolean;
}

interface SignInFlag {
  require: SignInRequirement;
  groups: string[];
}

const UNITS: Record<string, bigint> = { '': 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n };
const WHO: Record<string, SignInRequirement> = {
  nobody: SignInRequirement.UNSPECIFIED,
  members: SignInRequirement.MEMBERS,
  anybody: SignInRequirement.ANYBODY,
  'oauth2-proxy': SignInRequirement.OAUTH2_PROXY,
};
const TLS: Record<string, string> = {
  none: 'TLS_MODE_UNSPECIFIED',
  terminate: 'TLS_MODE_TERMINATE',
  'pass-through': 'TLS_MODE_PASS_THROUGH',
};

/** Adds the options that creating and changing have in common. */
export function withServiceFlags(command: Command): Command {
  command
    .option('--also <name>', 'a further name that leads to it (repeatable)', collect)
    .option('--no-also', 'no further names')
    .option('--path <prefix>', 'only paths below this prefix, e.g. /api; "" for all')
    .option('--strip-path', 'take the prefix off before the container sees it')
    .option('--no-strip-path', 'leave the prefix on')
    .option('--backend-tls', 'speak TLS to the container')
    .option('--no-backend-tls', 'speak plain HTTP to the container')
    .option('--plain-http', 'serve plain HTTP, too, instead of redirecting it')
    .option('--no-plain-http', 'redirect plain HTTP to HTTPS')
    .option('--max-body <size>', 'largest request body, e.g. 10MiB or 1GiB; 0 for any', size)
    .option('--timeout <seconds>', 'how long to wait for the container', wholeNumber)
    .option('--gzip', 'compress text')
    .option('--no-gzip', 'compress nothing')
    .option('--request-header <rule>', '"Name: value" to set, "Name:" to remove (repeatable)', collect)
    .option('--no-request-header', 'leave the headers of requests')
    .option('--header <rule>', 'the same for the headers of responses (repeatable)', collect)
    .option('--no-header', 'leave the headers of responses');
  return withAccess(command);
}

function withAccess(command: Command): Command {
  return command
    .option(
      '--allow <range>',
      'only these addresses may come, e.g. 10.0.0.0/8 (repeatable; also for TCP and UDP)',
      collect,
    )
    .option('--no-allow', 'any address may come')
    .option('--deny <range>', 'these addresses may not come (repeatable; also for TCP and UDP)', collect)
    .option('--no-deny', 'no address is kept out')
    .option('--rate <n/burst>', 'requests a second from one address, and how many more at once, e.g. 10/20', rate)
    .option('--connections <n>', 'requests of one address at the same time; 0 for any', wholeNumber)
    .option(
      '--basic-auth <name>',
      'somebody the ingress asks for a password; a new one is asked for (repeatable)',
      collect,
    )
    .option('--basic-auth-file <file>', 'file with lines NAME:PASSWORD, instead')
    .option('--no-basic-auth', 'ask for no password')
    .option('--maintenance [text]', 'answer with a maintenance page')
    .option('--no-maintenance', 'answer with the container again')
    .option('--sign-in <who>', 'members, group:NAME[,NAME], anybody, oauth2-proxy or nobody', signIn)
    .option('--open-path <prefix>', 'paths that need no sign-in (repeatable)', collect)
    .option('--no-open-path', 'every path needs the sign-in')
    .option('--health <path>', 'ask for this path to know whether it is healthy, e.g. /healthz')
    .option('--no-health', 'only connect to its port')
    .option('--health-interval <seconds>', 'seconds between two looks', wholeNumber)
    .option('--tls <mode>', 'for TCP: none, terminate or pass-through', tls)
    .option('--proxy-protocol', "for TCP: tell the container the client's address by a PROXY header")
    .option('--no-proxy-protocol', 'for TCP: send no such header');
}

function size(text: string): bigint {
  const [, digits, unit = ''] = /^(\d{1,15})([KMGT]iB)?$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (digits === undefined || factor === undefined)
    throw new InvalidArgumentError('It takes e.g. 512KiB, 10MiB, 1GiB or 0.');
  return BigInt(digits) * factor;
}

function rate(text: string) {
  const [, perSecond, burst = '0'] = /^(\d{1,6})(?:\/(\d{1,6}))?$/.exec(text) ?? [];
  if (perSecond === undefined) throw new InvalidArgumentError('It takes N or N/BURST, e.g. 10/20; 0 for any.');
  return { perSecond: Number(perSecond), burst: Number(burst) };
}

function signIn(text: string): SignInFlag {
  if (text.startsWith('group:')) return { require: SignInRequirement.GROUPS, groups: text.slice(6).split(',') };
  const require = WHO[text];
  if (require === undefined) {
    throw new InvalidArgumentError('It takes members, group:NAME[,NAME], anybody, oauth2-proxy or nobody.');
  }
  return { require, groups: [] };
}

function tls(text: string): string {
  const mode = TLS[text];
  if (mode === undefined) throw new InvalidArgumentError('It takes none, terminate or pass-through.');
  return mode;
}
