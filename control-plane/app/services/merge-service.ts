import { type Service, ServiceSchema } from '@berth/proto/api/v1/services_pb.js';
import { clone, create } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import type { ServiceRow } from '../../store/services.ts';
import type { Violations } from '../validate/violations.ts';
import { exposureMessage } from './service-message.ts';

const OPTIONS = [
  ...['plain_http', 'max_body_bytes', 'timeout_seconds', 'gzip', 'strip_path', 'request_headers', 'response_headers'],
  ...['allow', 'deny', 'requests_per_second', 'burst', 'connections', 'basic_auth', 'maintenance', 'maintenance_text'],
  ...['health_path', 'health_interval_seconds', 'sign_in'],
];

/** Every field that an update may name. */
export const SERVICE_PATHS = [
  'internal_port',
  ...['host', 'other_hosts', 'path', 'backend_tls', 'options'].map((field) => `http.${field}`),
  ...OPTIONS.map((field) => `http.options.${field}`),
  ...['external_port', 'tls', 'host', 'proxy_protocol', 'allow', 'deny'].map((field) => `tcp.${field}`),
  ...['external_port', 'allow', 'deny'].map((field) => `udp.${field}`),
];

/**
 * What a service would be afterwards, as a message, so that one reader checks every way of writing one.
 * @param groupNames by identifier, of the groups that it names now
 */
export function mergeService(
  before: ServiceRow,
  groupNames: ReadonlyMap<string, string>,
  asked: Service,
  paths: ReadonlySet<string>,
  found: Violations,
): Service {
  for (const path of paths) {
    const kind = path.includes('.') ? path.slice(0, path.indexOf('.')) : undefined;
    if (kind === undefined) continue;
    const exposed = kind === before.kind ? undefined : `${path}: this service is exposed by ${before.kind}`;
    if (!found.check('update_mask', exposed)) continue;
    found.check(`service.${path}`, asked.exposure.case === kind ? undefined : 'is named by the mask and missing');
  }
  found.refuse();
  const merged = create(ServiceSchema, {
    internalPort: before.internal_port,
    exposure: exposureMessage(before, groupNames),
  });
  const from = reflect(ServiceSchema, clone(ServiceSchema, asked));
  for (const path of paths) copyField(reflect(ServiceSchema, merged), from, path.split('.'));
  return merged;
}

/** Takes one field over; what is absent there is absent, or the default, here. */
function copyField(to: ReflectMessage, from: ReflectMessage, [name = '', ...rest]: string[]): void {
  const field = to.desc.fields.find((each) => each.name === name);
  if (!field) throw new Error(`${to.desc.typeName} has no field ${name}`);
  if (rest.length > 0 && field.fieldKind === 'message') {
    const inner = to.get(field);
    copyField(inner, from.get(field), rest);
    to.set(field, inner);
  } else if (from.isSet(field)) to.set(field, from.get(field));
  else to.clear(field);
}
