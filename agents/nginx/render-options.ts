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
