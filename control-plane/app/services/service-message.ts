import {
  HttpExposureSchema,
  type HttpOptions,
  HttpOptionsSchema,
  type Service,
  SignInRequirement,
  TlsMode,
} from '@berth/proto/api/v1/services_pb.js';
import { create } from '@bufbuild/protobuf';
import {
  DEFAULT_OPTIONS,
  readServiceOptions,
  type ServiceOptions,
  type SignInOptions,
} from '../../store/service-options.ts';
import type { ServiceRow } from '../../store/services.ts';
import { hostsOf, pathOf } from './service-fields.ts';

const REQUIREMENTS: Record<SignInOptions['require'], SignInRequirement> = {
  nobody: SignInRequirement.UNSPECIFIED,
  members: SignInRequirement.MEMBERS,
  groups: SignInRequirement.GROUPS,
  anybody: SignInRequirement.ANYBODY,
  oauth2_proxy: SignInRequirement.OAUTH2_PROXY,
};

const TLS = { '': TlsMode.UNSPECIFIED, terminate: TlsMode.TERMINATE, pass_through: TlsMode.PASS_THROUGH };

/**
 * How a service is exposed, as the API says it, passwords left out.
 * @param groupNames by identifier; a group that is not among them is gone and left out
 */
export function exposureMessage(row: ServiceRow, groupNames: ReadonlyMap<string, string>): Service['exposure'] {
  const options = readServiceOptions(row.options);
  const externalPort = row.external_port ?? 0;
  const { allow, deny } = options;
  switch (row.kind) {
    case 'http':
      return { case: 'http', value: httpMessage(row, options, groupNames) };
    case 'tcp': {
      const { proxyProtocol } = options;
      const value = { externalPort, tls: TLS[row.tls], host: row.sni_host, proxyProtocol, allow, deny };
      return { case: 'tcp', value: { $typeName: 'berth.api.v1.TcpExposure', ...value } };
    }
    case 'udp':
      return { case: 'udp', value: { $typeName: 'berth.api.v1.UdpExposure', externalPort, allow, deny } };
  }
}

function httpMessage(row: ServiceRow, options: ServiceOptions, groupNames: ReadonlyMap<string, string>) {
  const [host = '', ...otherHosts] = hostsOf(row);
  const path = pathOf(row) === '/' ? '' : pathOf(row);
  const fields = { host, otherHosts, path, backendTls: row.backend_tls === 1 };
  return create(HttpExposureSchema, {
    ...fields,
    ...(options === DEFAULT_OPTIONS ? {} : { options: optionsMessage(options, groupNames) }),
  });
}

function optionsMessage(options: ServiceOptions, groupNames: ReadonlyMap<string, string>): HttpOptions {
  const { signIn, basicAuth, maxBodyBytes, proxyProtocol: _, ...same } = options;
  const groups = signIn.groups.flatMap((id) => groupNames.get(id) ?? []);
  return create(HttpOptionsSchema, {
    ...same,
    maxBodyBytes: BigInt(maxBodyBytes),
    basicAuth: basicAuth.map(({ name }) => ({ name })),
    signIn: { require: REQUIREMENTS[signIn.require], groups, openPaths: signIn.openPaths },
  });
}

/** The identifiers of the groups that the options of some services name. */
export function groupsNamed(services: readonly ServiceRow[]): string[] {
  const named = services.flatMap(({ options }) => (options === null ? [] : readServiceOptions(options).signIn.groups));
  return [...new Set(named)];
}
