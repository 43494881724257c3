/** Every field of a user's that reaches a host's files, as a way to make a resource with that field right or wrong. */

import { type Resource, StreamProtocol } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { MARK } from '../support/hostile.ts';

/**
 * Makes the resource of a position, right when `odd` is left out. Right ones of different positions never clash; a
 * wrong one has the key of its right one.
 */
export type FieldMaker = (position: number, odd?: string) => Resource;

const LAB = { address: '127.0.0.1', port: 80 };

/** Fields of the nginx role. @param ports free external ports, by position */
export function nginxFields(ports: readonly number[]): Record<string, FieldMaker> {
  const route = (n: number, change: { host?: string; certificate?: string; address?: string; port?: number }) => {
    const { host = `h${n}.apps.lab`, certificate = 'apps', ...backend } = change;
    return makeResource(`h${n}`, {
      case: 'httpRoute',
      value: { host, certificate, backend: { ...LAB, ...backend } },
    });
  };
  const stream = (n: number, change: { protocol?: StreamProtocol; externalPort?: number; address?: string }) => {
    const { protocol = StreamProtocol.TCP, externalPort = ports[n] ?? 0, ...backend } = change;
    return makeResource(`s${n}`, {
      case: 'streamRoute',
      value: { protocol, externalPort, backend: { ...LAB, ...backend } },
    });
  };
  return {
    'host name': (n, odd) => route(n, set('host', odd)),
    'certificate of a route': (n, odd) => route(n, set('certificate', odd)),
    'backend address': (n, odd) => route(n, set('address', odd)),
    'backend port': (n, odd) => route(n, set('port', oddPort(odd))),
    'stream address': (n, odd) => stream(n, set('address', odd)),
    'stream port': (n, odd) => stream(n, set('externalPort', oddPort(odd))),
    'stream protocol': (n, odd) => stream(n, odd === undefined ? {} : { protocol: StreamProtocol.UNSPECIFIED }),
  };
}

/** Fields of the dnsmasq role. Right ones lie in a network and domain of their own position, or in the good zone. */
export const DNSMASQ_FIELDS: Record<string, FieldMaker> = {
  domain: (n, odd) => zone(n, set('domain', odd)),
  network: (n, odd) => zone(n, set('network', odd)),
  'range start': (n, odd) => zone(n, set('rangeStart', odd)),
  'range end': (n, odd) => zone(n, set('rangeEnd', odd)),
  gateway: (n, odd) => zone(n, set('gateway', odd)),
  'DNS servers': (n, odd) => zone(n, odd === undefined ? {} : { dnsServers: ['10.64.0.1', odd] }),
  forwarders: (n, odd) => zone(n, odd === undefined ? {} : { forwarders: ['192.0.2.53', odd] }),
  'lease time': (n, odd) => zone(n, odd === undefined ? {} : { leaseSeconds: odd.length % 2 ? 0 : 4_294_967_295 }),
  mac: (n, odd) => reservation(n, set('mac', odd)),
  'reserved address': (n, odd) => reservation(n, set('address', odd)),
  'host name': (n, odd) => reservation(n, set('hostname', odd)),
  name: (n, odd) => name(n, set('fqdn', odd)),
  "a name's address": (n, odd) => name(n, set('address', odd)),
  service: (n, odd) => service(n, set('fqdn', odd)),
  target: (n, odd) => service(n, set('target', odd)),
  'service port': (n, odd) => service(n, set('port', oddPort(odd))),
  'name of a text': (n, odd) => text(n, set('fqdn', odd)),
};

function zone(n: number, change: object): Resource {
  const at = `10.${100 + n}.0`;
  const range = { network: `${at}.0/24`, rangeStart: `${at}.10`, rangeEnd: `${at}.99`, gateway: `${at}.1` };
  const value = { domain: `z${n}.internal`, ...range, forwarders: [], leaseSeconds: 3600, ...change };
  return makeResource(`z${n}`, { case: 'zone', value });
}

function reservation(n: number, change: object): Resource {
  const value = { mac: `02:00:00:00:01:${10 + n}`, address: `10.64.0.${100 + n}`, hostname: `r${n}`, ...change };
  return makeResource(`r${n}`, { case: 'reservation', value });
}

function name(n: number, change: object): Resource {
  return makeResource(`n${n}`, {
    case: 'nameRecord',
    value: { fqdn: `n${n}.lab.internal`, address: `10.64.0.${100 + n}`, ...change },
  });
}

function service(n: number, change: object): Resource {
  const value = { fqdn: `_s${n}._tcp.lab.internal`, target: 'good.lab.internal', port: 636, ...change };
  return makeResource(`v${n}`, { case: 'srvRecord', value });
}

function text(n: number, change: object): Resource {
  const value = { fqdn: `_t${n}.lab.internal`, text: 'a text', ...change };
  return makeResource(`x${n}`, { case: 'txtRecord', value });
}

function set<K extends string, V>(field: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [field]: value } as { [key in K]: V });
}

/** A number that is no port, following from the string. */
function oddPort(odd: string | undefined): number | undefined {
  return odd === undefined ? undefined : [0, 65_536, 4_294_967_295][(odd.length + MARK.length) % 3];
}
