import type { CheckedIngress } from './check-ingress.ts';
import type { NginxConfig } from './config.ts';
import type { NginxBuild } from './nginx-build.ts';

/** What the configuration depends on besides the resources. */
export type RenderOptions = {
  readonly config: NginxConfig;
  readonly build: NginxBuild;
  /** Addresses to listen on as nginx writes them, IPv6 in brackets. */
  readonly listen: readonly string[];
  /** Account of the workers; undefined when nginx does not run as root. */
  readonly user?: string;
  /** Number of that account. */
  readonly userId?: number;
  /** Shared object of the stream module, when it has to be loaded. */
  readonly streamModule?: string;
  /** Whether streams can be served. */
  readonly stream: boolean;
  /** Whether to offer HTTP/3. */
  readonly http3: boolean;
  /** Whether backends may share groups (see slots.ts). */
  readonly slotted: boolean;
  /** Addresses of the names that are asked about sign-in, as far as they are known. */
  readonly addresses?: ReadonlyMap<string, readonly string[]>;
};

/** The same with what is wanted of the ingress as a whole. */
export type IngressOptions = RenderOptions & {
  /** Whether connections from outside begin with a PROXY protocol header. */
  readonly proxyProtocol: boolean;
  /** Networks whose word about a client's address is believed. */
  readonly trustedProxies: readonly string[];
};

/** Adds what is wanted of the ingress. There is no PROXY protocol for QUIC. */
export function withIngress(options: RenderOptions, ingress: CheckedIngress | undefined): IngressOptions {
  const { proxyProtocol = false, trustedProxies = [] } = ingress ?? {};
  return { ...options, http3: options.http3 && !proxyProtocol, proxyProtocol, trustedProxies };
}
