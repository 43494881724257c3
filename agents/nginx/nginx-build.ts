/** What an nginx can do, as far as the rendered configuration depends on it. */
export type NginxBuild = {
  /** E.g. "1.22.1". */
  readonly version: string;
  /** Directive `http2 on` (1.25.1) instead of the parameter of `listen`. */
  readonly http2Directive: boolean;
  /** Directive `keepalive_min_timeout` (1.27.4). */
  readonly keepaliveMinTimeout: boolean;
  /** HTTP/3 compiled in (1.25.0). */
  readonly http3: boolean;
  /** Where `stream` comes from. */
  readonly stream: 'built-in' | 'module' | 'none';
  /** Streams can read and end TLS. */
  readonly streamTls: boolean;
  /** Streams can take a client's address from the PROXY protocol. */
  readonly streamRealIp: boolean;
  /** It counts its connections (`stub_status`). */
  readonly stubStatus: boolean;
  /** The hash balancer is compiled in. */
  readonly hash: boolean;
};

/** Reads the output of `nginx -V`. @throws Error when it is not nginx, or older than 1.19.4 (`ssl_reject_handshake`). */
export function parseBuild(output: string): NginxBuild {
  const version = /nginx version: \S+?\/(\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (version === undefined) throw new Error(`not the output of nginx -V: ${output.slice(0, 200)}`);
  if (!atLeast(version, [1, 19, 4])) throw new Error(`nginx ${version} is too old; 1.19.4 is the oldest that serves`);
  return {
    version,
    http2Directive: atLeast(version, [1, 25, 1]),
    keepaliveMinTimeout: atLeast(version, [1, 27, 4]),
    http3: atLeast(version, [1, 25, 0]) && output.includes('--with-http_v3_module'),
    stream: streamOf(output),
    streamTls: output.includes('--with-stream_ssl_module') && output.includes('--with-stream_ssl_preread_module'),
    streamRealIp: output.includes('--with-stream_realip_module'),
    stubStatus: output.includes('--with-http_stub_status_module'),
    hash: !output.includes('--without-http_upstream_hash_module'),
  };
}

function streamOf(output: string): NginxBuild['stream'] {
  if (output.includes('--with-stream=dynamic')) return 'module';
  return /--with-stream(?:\s|$)/m.test(output) ? 'built-in' : 'none';
}

function atLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
