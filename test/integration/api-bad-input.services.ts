/** Bad values for what people may want of services; see api-bad-input.table.ts. */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import type { JsonValue } from '@bufbuild/protobuf';
import { type BadInputs, DOMAIN, HOSTILE, KEY, listed, MASK, named, REFERENCE } from './api-bad-input.values.ts';

type ServiceRpc = Extract<Rpc, `ServicesService.${string}`>;

const PATH = [
  'api',
  '/a//b',
  '/a/../b',
  '/.',
  '/a/%2e%2e',
  '/a$b',
  '/a?b',
  '/a#b',
  '/.well-known/acme-challenge/x',
  `/${'x'.repeat(200)}`,
  ...HOSTILE,
];
const RANGE = ['', '10.0.0.1/8', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', 'fd00::/129', '::ffff:10.0.0.0/104', 'all'];
const RANGES = [...RANGE, ...HOSTILE];
const HEADER = ['', 'Host', 'content-length', 'Transfer-Encoding', 'X-User', 'a:b', ...HOSTILE];
const VALUE = ['$host', 'a\\b', `"'`, 'a\nb', 'a\rb', 'a\0b', ' a', 'ä', 'x'.repeat(1_001)];
const PASSWORD = ['', 'short', 'a\nb four five', 'x'.repeat(129)];
const PORT = [80, 1_999, 3_000, 65_536];
const RATE = [100_001, 4_294_967_295];

/** Of the options of an HTTP service. */
const badOptions = (path: string): Record<string, JsonValue[]> => ({
  [`${path}.max_body_bytes`]: ['1125899906842625', '18446744073709551615'],
  [`${path}.timeout_seconds`]: [86_401],
  [`${path}.request_headers[].name`]: HEADER,
  [`${path}.request_headers[].value`]: VALUE,
  [`${path}.response_headers[].name`]: HEADER,
  [`${path}.response_headers[].value`]: VALUE,
  [`${path}.allow[]`]: RANGES,
  [`${path}.deny[]`]: RANGES,
  [`${path}.requests_per_second`]: RATE,
  // Without requests_per_second there is nothing above which it could be.
  [`${path}.burst`]: [5, ...RATE],
  [`${path}.connections`]: [65_536, ...RATE],
  [`${path}.basic_auth[].name`]: ['', 'a:b', 'x'.repeat(65), ...HOSTILE],
  [`${path}.basic_auth[].password`]: PASSWORD.slice(1),
  [`${path}.maintenance_text`]: ['a\nb', 'a\0b', 'a\u202eb', 'x'.repeat(501)],
  [`${path}.health_path`]: ['x', ...PATH.slice(1)],
  [`${path}.health_interval_seconds`]: [4, 3_601],
  [`${path}.sign_in.require`]: [99],
  [`${path}.sign_in.groups[]`]: REFERENCE,
  [`${path}.sign_in.open_paths[]`]: ['', '/', ...PATH],
});

/** Without a wrong value. */
const flags = ['plain_http', 'gzip', 'maintenance'].map((field) => `options.${field}`);

/** Of any service that is to be made. @param path where it stands in the request */
export const badExposure = (path: string): Record<string, JsonValue[]> => ({
  [`${path}.http.host`]: ['elsewhere.lab', 'a.b.apps.lab', 'web1.apps.lab', ...DOMAIN],
  [`${path}.http.other_hosts[]`]: DOMAIN,
  [`${path}.http.path`]: PATH,
  [`${path}.http.options.strip_path`]: [true],
  ...badOptions(`${path}.http.options`),
  [`${path}.tcp.external_port`]: PORT,
  [`${path}.tcp.tls`]: [99],
  // Without TLS nobody asks by name.
  [`${path}.tcp.host`]: ['db.apps.lab', ...DOMAIN.slice(1)],
  [`${path}.tcp.allow[]`]: RANGES,
  [`${path}.tcp.deny[]`]: RANGES,
  [`${path}.udp.external_port`]: PORT,
  [`${path}.udp.allow[]`]: RANGES,
  [`${path}.udp.deny[]`]: RANGES,
});

/** What has no wrong value in a service that is to be made, or stands in answers only. */
export const freeOfService = (path: string): string[] => [
  ...['backend_tls', ...flags].map((field) => `${path}.http.${field}`),
  `${path}.tcp.proxy_protocol`,
  ...serviceOutput(path),
];

/** What stands in answers only. */
function serviceOutput(path: string): string[] {
  const health = ['agent', 'healthy', 'error', 'since'].map((field) => `health[].${field}`);
  const certificates = ['host', 'self_signed', 'issuer', 'not_after', 'problem'].map(
    (field) => `certificates[].${field}`,
  );
  return ['id', 'container', 'url', 'conditions', ...health, ...certificates].map((field) => `${path}.${field}`);
}

const portFields = ['tcp.external_port', 'tcp.tls', 'tcp.host', 'tcp.proxy_protocol', 'tcp.allow[]', 'tcp.deny[]'];
const udpFields = ['udp.external_port', 'udp.allow[]', 'udp.deny[]'];

/** The rows of these RPCs. */
export const serviceBadInputs: Record<ServiceRpc, BadInputs> = {
  'ServicesService.CreateService': {
    good: { container: 'lab/web1', service: { internal_port: 8080, tcp: {} } },
    bad: {
      ...badExposure('service'),
      container: REFERENCE,
      'service.internal_port': [0, 65_536],
      idempotency_key: KEY,
    },
    free: freeOfService('service'),
  },
  'ServicesService.GetService': named('service', '<tcp>'),
  'ServicesService.ListServices': { ...listed('container'), good: { container: 'lab/web1' } },
  'ServicesService.UpdateService': {
    good: {
      service: {
        id: '<http>',
        internal_port: 81,
        http: {
          host: 'new.apps.lab',
          options: {
            basic_auth: [{ name: 'gate', password: 'six gulls' }],
          },
        },
      },
      update_mask: 'internalPort,http.host,http.otherHosts,http.path,http.options',
    },
    bad: {
      ...badOptions('service.http.options'),
      'service.id': REFERENCE,
      'service.internal_port': [0, 65_536],
      'service.http.host': ['elsewhere.lab', 'a.b.apps.lab', ...DOMAIN],
      'service.http.other_hosts[]': ['elsewhere.lab', 'a.b.apps.lab', 'new.apps.lab', ...DOMAIN],
      'service.http.path': PATH,
      'service.http.options.strip_path': [true],
      // Passwords are not sent in the clear, and not asked for twice.
      'service.http.options.plain_http': [true],
      'service.http.options.sign_in.require': [1, 3, 99],
      // A new name needs one.
      'service.http.options.basic_auth[].password': PASSWORD,
      update_mask: [
        ...MASK,
        'tcp.externalPort',
        'udp.externalPort',
        'http',
        'http.options.nope',
        'http.options.signIn.groups',
      ],
    },
    free: [
      ...['http.backend_tls', 'http.options.gzip', 'http.options.maintenance', ...portFields, ...udpFields].map(
        (field) => `service.${field}`,
      ),
      ...serviceOutput('service').filter((field) => field !== 'service.id'),
    ],
  },
  'ServicesService.DeleteService': named('service', '<tcp>'),
};
