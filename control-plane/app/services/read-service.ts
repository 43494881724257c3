import {
  type HttpExposure,
  HttpOptionsSchema,
  type Service,
  type TcpExposure,
  TlsMode,
  type UdpExposure,
} from '@berth/proto/api/v1/services_pb.js';
import { create } from '@bufbuild/protobuf';
import { DEFAULT_OPTIONS } from '../../store/service-options.ts';
import { normalPath, pathFault } from '../validate/http.ts';
import { checkList } from '../validate/lists.ts';
import { domainFault } from '../validate/names.ts';
import { portFault } from '../validate/numbers.ts';
import type { Violations } from '../validate/violations.ts';
import { readHttpOptions } from './read-http-options.ts';
import { readRanges } from './read-ranges.ts';
import type { ServiceFields } from './service-fields.ts';

const MAX_OTHER_HOSTS = 16;

const TLS: Record<TlsMode, ServiceFields['tls']> = {
  [TlsMode.UNSPECIFIED]: '',
  [TlsMode.TERMINATE]: 'terminate',
  [TlsMode.PASS_THROUGH]: 'pass_through',
};

/** Reads and checks a service. @param path of the service in the request, e.g. "container.services[0]" */
export function readService(service: Service, path: string, found: Violations): ServiceFields {
  found.check(`${path}.internal_port`, portFault(service.internalPort));
  const { exposure } = service;
  const fields: ServiceFields = {
    kind: exposure.case ?? 'tcp',
    internalPort: service.internalPort,
    hosts: [],
    path: '/',
    backendTls: false,
    externalPort: 0,
    tls: '',
    sniHost: '',
    options: { ...DEFAULT_OPTIONS, basicAuth: [] },
  };
  switch (exposure.case) {
    case 'http':
      return { ...fields, ...readHttp(exposure.value, `${path}.http`, found) };
    case 'tcp':
      return { ...fields, ...readTcp(exposure.value, `${path}.tcp`, found) };
    case 'udp':
      return { ...fields, ...readPort(exposure.value, `${path}.udp`, found) };
    default:
      found.check(`${path}.exposure`, 'one of http, tcp and udp is required');
      return fields;
  }
}

function readHttp(http: HttpExposure, path: string, found: Violations): Partial<ServiceFields> {
  found.check(`${path}.host`, domainFault(http.host));
  checkList(`${path}.other_hosts`, http.otherHosts, MAX_OTHER_HOSTS, domainFault, found);
  const again = http.otherHosts.indexOf(http.host);
  if (again >= 0) found.check(`${path}.other_hosts[${again}]`, 'is the first name already');
  const prefix = normalPath(http.path);
  if (prefix !== '/') found.check(`${path}.path`, pathFault(prefix));
  const options = readHttpOptions(http.options ?? create(HttpOptionsSchema), `${path}.options`, found);
  if (options.stripPath && prefix === '/') found.check(`${path}.options.strip_path`, 'needs a path to strip');
  return { hosts: [http.host, ...http.otherHosts], path: prefix, backendTls: http.backendTls, options };
}

function readTcp(tcp: TcpExposure, path: string, found: Violations): Partial<ServiceFields> {
  const tls = TLS[tcp.tls];
  found.check(`${path}.tls`, tls === undefined ? 'must be none, terminate or pass through' : undefined);
  if (tls) found.check(`${path}.host`, domainFault(tcp.host));
  else if (tcp.host !== '') found.check(`${path}.host`, 'is for TLS only, by which clients ask for a name');
  const fields = readPort(tcp, path, found);
  const options = { ...fields.options, proxyProtocol: tcp.proxyProtocol };
  return { ...fields, tls: tls ?? '', sniHost: tcp.host, options };
}

function readPort({ externalPort, allow, deny }: TcpExposure | UdpExposure, path: string, found: Violations) {
  if (externalPort !== 0) found.check(`${path}.external_port`, portFault(externalPort));
  return { externalPort, options: { ...DEFAULT_OPTIONS, ...readRanges({ allow, deny }, path, found), basicAuth: [] } };
}
