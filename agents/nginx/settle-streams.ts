/** Which streams can be served side by side: ports are claimed as a whole, or name by name where clients say one. */

import type { CheckedCertificate } from './check-certificate.ts';
import { covers } from './check-certificate.ts';
import type { CheckedStream } from './check-streams.ts';
import { shown } from './escape.ts';

/** What streams depend on besides each other. */
export type StreamOptions = {
  /** "tcp/443" and the like: ports that are nginx's own. */
  readonly reservedPorts: ReadonlySet<string>;
  /** Whether nginx has the stream module. */
  readonly stream: boolean;
  /** Whether nginx can read and end TLS in streams; true when left out. */
  readonly streamTls?: boolean;
};

/** "tcp/443": the port a stream takes on this host. */
export function portOf(stream: CheckedStream): string {
  return `${stream.protocol}/${stream.port}`;
}

/** "tcp/443", or "tcp/443/name" for a name on a port that several share. */
export function claimOf(stream: CheckedStream): string {
  return stream.host === '' ? portOf(stream) : `${portOf(stream)}/${stream.host}`;
}

/** Says what is against each stream, given those that came before it and found nothing against them. */
export class StreamObjections {
  readonly #options: StreamOptions;
  readonly #certificates: ReadonlyMap<string, CheckedCertificate>;
  readonly #first = new Map<string, CheckedStream>();

  constructor(options: StreamOptions, certificates: ReadonlyMap<string, CheckedCertificate>) {
    this.#options = options;
    this.#certificates = certificates;
  }

  /** Undefined: nothing; the stream then sets the rules of its port for those that come after it. */
  against(stream: CheckedStream): string | undefined {
    const first = this.#first.get(portOf(stream));
    const problem = this.#againstItself(stream) ?? (first && disagreement(stream, first));
    if (problem === undefined && !first) this.#first.set(portOf(stream), stream);
    return problem;
  }

  #againstItself(stream: CheckedStream): string | undefined {
    if (!this.#options.stream) return 'this nginx has no stream module';
    if (this.#options.reservedPorts.has(portOf(stream))) return `${portOf(stream)} is a port of nginx's own`;
    if (stream.tls === 'none') return undefined;
    if (this.#options.streamTls === false) return 'this nginx has no TLS for streams';
    if (stream.tls === 'pass-through') return undefined;
    const certificate = this.#certificates.get(stream.certificate);
    if (!certificate) return `certificate ${shown(stream.certificate)} is missing or set aside itself`;
    if (covers(certificate, stream.host)) return undefined;
    return `certificate ${shown(stream.certificate)} is for ${certificate.names.join(', ')}, not for ${stream.host}`;
  }
}

function disagreement(stream: CheckedStream, first: CheckedStream): string | undefined {
  const holder = `${portOf(stream)} is already taken by ${shown(first.resource.name)}`;
  if (stream.tls === 'none' && first.tls === 'none') return holder;
  if (stream.tls !== first.tls) return `${holder}, which uses TLS in another way`;
  if (stream.sendProxyProtocol !== first.sendProxyProtocol) {
    return `${holder}, which ${first.sendProxyProtocol ? 'wants' : 'does not want'} the PROXY protocol`;
  }
  const same = JSON.stringify(stream.access) === JSON.stringify(first.access);
  return same ? undefined : `${holder}, which is open to other addresses`;
}
