/** Who must have signed in before a request goes on, and who is asked about it; every text is safe to write. */

import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type Domain, type Ingress, type SignIn, SignInBy } from '@berth/proto/agent/v1/resource_pb.js';
import { hostName, shown } from './escape.ts';
import { pathPrefix } from './escape-http.ts';

/** What a route wants of its visitors. */
export type CheckedSignIn = {
  readonly by: 'berth' | 'oauth2';
  /** Prefixes of paths, as whole segments, at which nobody is asked. */
  readonly openPaths: readonly string[];
};

/** A server that decides about sign-in. */
export type SignInServer = {
  /** Name of its `upstream`. */
  readonly id: string;
  readonly scheme: 'http' | 'https';
  /** Host name or address, IPv6 in brackets. */
  readonly host: string;
  readonly port: string;
  /** Base URL without slash at its end. */
  readonly url: string;
};

/** The control plane as the one who decides. */
export type ControlPlane = SignInServer & {
  /** Name that its certificate must have. */
  readonly name: string;
  readonly caPem: string;
};

/** Where all of Berth's own on an app's host is found. */
export const OWN_PATH = '/.berth';
const MAX_OPEN_PATHS = 100;

/** Checks what a route wants; undefined for nothing, a string says what is wrong. */
export function checkSignIn(signIn: SignIn | undefined, withPassword: boolean): CheckedSignIn | string | undefined {
  const by = signIn?.by ?? SignInBy.UNSPECIFIED;
  if (!signIn || by === SignInBy.UNSPECIFIED || by === SignInBy.NOBODY) return undefined;
  if (by !== SignInBy.BERTH && by !== SignInBy.OAUTH2_PROXY) return 'who decides about sign-in is not known here';
  // nginx answers 401 for both, and a browser cannot tell which of the two it lacks.
  if (withPassword) return 'sign-in and a password of the ingress exclude each other';
  if (by === SignInBy.BERTH && serviceId(signIn) === undefined)
    return `service ${shown(signIn.serviceId)} is no identifier`;
  if (signIn.openPaths.length > MAX_OPEN_PATHS) return `there are more than ${MAX_OPEN_PATHS} open paths`;
  const odd = signIn.openPaths.find((path) => !pathPrefix(path));
  if (odd !== undefined) return `open path ${shown(odd)} is not a prefix of plain segments`;
  const openPaths = [...new Set(signIn.openPaths.map((path) => pathPrefix(path) ?? ''))].sort();
  return { by: by === SignInBy.BERTH ? 'berth' : 'oauth2', openPaths };
}

/** The identifier by which the control plane is asked. */
export function serviceId({ serviceId: id }: SignIn): string | undefined {
  return /^[\w.-]{1,64}$/.test(id) ? id : undefined;
}

/** Reads the control plane of an ingress; undefined while none is known, a string says what is wrong. */
export function checkControlPlane(ingress: Ingress): ControlPlane | string | undefined {
  const { controlPlaneUrl: url, controlPlaneName, controlPlaneCaPem: caPem } = ingress;
  if (url === '') return undefined;
  const server = signInServer(url, 'berth_control_plane');
  const name = hostName(controlPlaneName);
  if (server?.scheme !== 'https') return `control plane ${shown(url)} is not an https URL`;
  if (name === undefined) return `${shown(controlPlaneName)} is not a name that a certificate can have`;
  if (!isPem(caPem)) return 'the authority of the control plane is not a PEM certificate';
  return { ...server, name, caPem };
}

/** Reads the oauth2-proxy of a domain; undefined for none, a string says what is wrong. */
export function checkOauth2Proxy({ oauth2ProxyUrl: url }: Domain): SignInServer | string | undefined {
  if (url === '') return undefined;
  const id = `berth_oauth2_${createHash('sha256').update(url).digest('hex').slice(0, 12)}`;
  return signInServer(url, id) ?? `oauth2-proxy ${shown(url)} is not a plain http or https URL`;
}

function signInServer(text: string, id: string): SignInServer | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.username || url.password || url.search || url.hash) return undefined;
  const scheme = url.protocol === 'https:' ? 'https' : url.protocol === 'http:' ? 'http' : undefined;
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  const host = isIP(bare) > 0 ? url.hostname : (hostName(bare) ?? (bare === 'localhost' ? bare : undefined));
  const path = pathPrefix(url.pathname);
  if (!scheme || host === undefined || path === undefined) return undefined;
  const port = url.port || (scheme === 'https' ? '443' : '80');
  return { id, scheme, host, port, url: `${url.origin}${path}` };
}

function isPem(text: string): boolean {
  try {
    return text.length < 200_000 && new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}
