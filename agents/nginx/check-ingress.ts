import type { Domain, Ingress, Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { type ControlPlane, checkControlPlane, checkOauth2Proxy, type SignInServer } from './check-sign-in.ts';
import { shown } from './escape.ts';
import { network } from './escape-http.ts';

/** What holds for every name under a domain. */
export type CheckedDomain = {
  readonly kind: 'domain';
  readonly resource: Resource;
  readonly name: string;
  readonly hsts: Hsts | undefined;
  readonly oauth2Proxy: SignInServer | undefined;
  /** What is wrong with a part of it; the rest holds all the same. */
  readonly problem?: string;
};

/** Strict-Transport-Security (RFC 6797, 6.1). */
export type Hsts = {
  /** Name of the variable that has it, without "$". */
  readonly variable: string;
  readonly text: string;
};

/** What holds for the ingress as a whole. */
export type CheckedIngress = {
  readonly kind: 'ingress';
  readonly resource: Resource;
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
  /** Absent while nobody can be signed in. */
  readonly controlPlane: ControlPlane | undefined;
  /** What is wrong with a part of it; the rest holds all the same, for it says how to read every connection. */
  readonly problem?: string;
};

/** Checks a domain. */
export function checkDomain(resource: Resource, domain: Domain): CheckedDomain {
  const checked = { kind: 'domain', resource, name: resource.name, hsts: hstsOf(domain) } as const;
  const oauth2Proxy = checkOauth2Proxy(domain);
  if (typeof oauth2Proxy === 'string') return { ...checked, oauth2Proxy: undefined, problem: oauth2Proxy };
  return { ...checked, oauth2Proxy };
}

/** Checks what holds for the ingress. */
export function checkIngress(resource: Resource, ingress: Ingress): CheckedIngress {
  const odd = ingress.trustedProxies.find((text) => network(text) === undefined);
  const trustedProxies = [...new Set(ingress.trustedProxies.flatMap((text) => network(text) ?? []))];
  const found = checkControlPlane(ingress);
  const controlPlane = typeof found === 'string' ? undefined : found;
  const problems = [
    ...(odd === undefined ? [] : [`trusted proxy ${shown(odd)} is no address and no network`]),
    ...(typeof found === 'string' ? [found] : []),
  ];
  const problem = problems.length > 0 ? { problem: problems.join('; ') } : {};
  const { proxyProtocol } = ingress;
  return { kind: 'ingress', resource, trustedProxies, proxyProtocol, controlPlane, ...problem };
}

function hstsOf(domain: Domain): Hsts | undefined {
  const { hstsMaxAgeSeconds: seconds, hstsIncludeSubdomains: below, hstsPreload: preload } = domain;
  if (seconds === 0) return undefined;
  const variable = `berth_hsts_${seconds}${below ? 's' : ''}${preload ? 'p' : ''}`;
  return { variable, text: `max-age=${seconds}${below ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}` };
}
