import type { Domain, Ingress, Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { shown } from './escape.ts';
import { network } from './escape-http.ts';

/** What holds for every name under a domain. */
export type CheckedDomain = {
  readonly kind: 'domain';
  readonly resource: Resource;
  readonly name: string;
  readonly hsts: Hsts | undefined;
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
  /** What is wrong with a part of it; the rest holds all the same, for it says how to read every connection. */
  readonly problem?: string;
};

/** Checks a domain; there is nothing in it that could be wrong. */
export function checkDomain(resource: Resource, domain: Domain): CheckedDomain {
  return { kind: 'domain', resource, name: resource.name, hsts: hstsOf(domain) };
}

/** Checks what holds for the ingress. */
export function checkIngress(resource: Resource, ingress: Ingress): CheckedIngress {
  const odd = ingress.trustedProxies.find((text) => network(text) === undefined);
  const trustedProxies = [...new Set(ingress.trustedProxies.flatMap((text) => network(text) ?? []))];
  const problem = odd === undefined ? {} : { problem: `trusted proxy ${shown(odd)} is no address and no network` };
  return { kind: 'ingress', resource, trustedProxies, proxyProtocol: ingress.proxyProtocol, ...problem };
}

function hstsOf(domain: Domain): Hsts | undefined {
  const { hstsMaxAgeSeconds: seconds, hstsIncludeSubdomains: below, hstsPreload: preload } = domain;
  if (seconds === 0) return undefined;
  const variable = `berth_hsts_${seconds}${below ? 's' : ''}${preload ? 'p' : ''}`;
  return { variable, text: `max-age=${seconds}${below ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}` };
}
