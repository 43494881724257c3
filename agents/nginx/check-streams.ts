import { type Resource, StreamProtocol, type StreamRoute, StreamTls } from '@berth/proto/agent/v1/resource_pb.js';
import { checkBackend } from './check-backend.ts';
import { type CheckedAccess, checkAccess } from './check-options.ts';
import { hostName, portNumber, shown } from './escape.ts';

/** A stream route of which every text is safe to write. */
export type CheckedStream = {
  readonly kind: 'stream';
  readonly resource: Resource;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly backend: string;
  readonly tls: 'none' | 'terminate' | 'pass-through';
  /** Name that clients ask for; "" without TLS. */
  readonly host: string;
  readonly certificate: string;
  readonly sendProxyProtocol: boolean;
  readonly access: CheckedAccess;
};

/** Checks a stream; a string says what is wrong with it. */
export function checkStream(resource: Resource, stream: StreamRoute): CheckedStream | string {
  const protocol = protocolOf(stream.protocol);
  if (!protocol) return 'protocol is neither TCP nor UDP';
  if (portNumber(stream.externalPort) === undefined) return `external port ${stream.externalPort} is not in 1–65535`;
  const backend = checkBackend(stream.backend);
  if (backend.problem !== undefined) return backend.problem;
  const tls = tlsOf(stream.tls);
  const problem = problemOf(stream, protocol, tls);
  if (problem !== undefined) return problem;
  const access = checkAccess(stream.access);
  if (typeof access === 'string') return access;
  const { host, certificate, sendProxyProtocol, externalPort: port } = stream;
  const named = { tls, host, certificate, sendProxyProtocol, access };
  return { kind: 'stream', resource, protocol, port, backend: backend.text, ...named };
}

function problemOf(stream: StreamRoute, protocol: 'tcp' | 'udp', tls: CheckedStream['tls']): string | undefined {
  if (protocol === 'udp' && tls !== 'none') return 'TLS is for TCP only';
  if (protocol === 'udp' && stream.sendProxyProtocol) return 'the PROXY protocol is for TCP only';
  if (tls === 'none') return stream.host === '' ? undefined : 'without TLS no client says which name it wants';
  return hostName(stream.host) === undefined
    ? `host ${shown(stream.host)} is not a lower-case DNS name of two labels or more`
    : undefined;
}

function protocolOf(protocol: StreamProtocol): 'tcp' | 'udp' | undefined {
  if (protocol === StreamProtocol.TCP) return 'tcp';
  return protocol === StreamProtocol.UDP ? 'udp' : undefined;
}

function tlsOf(tls: StreamTls): CheckedStream['tls'] {
  if (tls === StreamTls.TERMINATE) return 'terminate';
  return tls === StreamTls.PASS_THROUGH ? 'pass-through' : 'none';
}
