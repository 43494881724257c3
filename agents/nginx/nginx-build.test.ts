import { expect, test } from 'vitest';
import { parseBuild } from './nginx-build.ts';

const output = (version: string, ...options: string[]) =>
  `nginx version: nginx/${version}\nTLS SNI support enabled\nconfigure arguments: ${options.join(' ')}\n`;

test('Debian 12: HTTP/2 by parameter, stream as a module', () => {
  expect(
    parseBuild(
      output(
        '1.22.1',
        '--with-http_v2_module',
        '--with-http_stub_status_module',
        '--with-stream=dynamic',
        '--with-stream_ssl_module',
        '--with-stream_ssl_preread_module',
        '--with-stream_realip_module',
      ),
    ),
  ).toEqual({
    version: '1.22.1',
    http2Directive: false,
    keepaliveMinTimeout: false,
    http3: false,
    stream: 'module',
    streamTls: true,
    streamRealIp: true,
    stubStatus: true,
    hash: true,
  });
});

test('a newer build: HTTP/2 by directive, HTTP/3, stream built in', () => {
  expect(parseBuild(output('1.29.0', '--with-http_v3_module', '--with-stream'))).toMatchObject({
    http2Directive: true,
    http3: true,
    stream: 'built-in',
  });
});

test('the directive came with 1.25.1', () => {
  expect(parseBuild(output('1.25.0')).http2Directive).toBe(false);
  expect(parseBuild(output('1.25.1')).http2Directive).toBe(true);
});

test('connections may outlive a reload for a moment since 1.27.4', () => {
  expect(parseBuild(output('1.27.3')).keepaliveMinTimeout).toBe(false);
  expect(parseBuild(output('1.27.4')).keepaliveMinTimeout).toBe(true);
});

test('without the stream module, and without the hash balancer', () => {
  const build = parseBuild(output('1.26.0', '--with-stream_ssl_module', '--without-http_upstream_hash_module'));
  expect(build).toMatchObject({ stream: 'none', hash: false });
});

test('what is too old or not nginx is refused in words', () => {
  expect(() => parseBuild(output('1.18.0'))).toThrow('nginx 1.18.0 is too old');
  expect(() => parseBuild('command not found')).toThrow('not the output of nginx -V');
});
