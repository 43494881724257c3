import { type Resource, StreamProtocol } from '@berth/proto/agent/v1/resource_pb.js';

/** A resource as people know it, e.g. "route web4.apps.lab" or "address 10.64.0.12 of web4". No secret is in it. */
export function resourceLabel({ name, body }: Resource): string {
  switch (body.case) {
    case 'httpRoute':
      return `route ${body.value.host}${body.value.path === '/' ? '' : body.value.path}`;
    case 'streamRoute': {
      const { protocol, externalPort, host } = body.value;
      return `port ${externalPort}/${StreamProtocol[protocol]?.toLowerCase()}${host ? ` for ${host}` : ''}`;
    }
    case 'certificate':
      return `certificate of ${body.value.dnsNames.join(' and ')}`;
    case 'reservation':
      return `address ${body.value.address} of ${body.value.hostname}`;
    case 'nameRecord':
    case 'srvRecord':
    case 'txtRecord':
      return `name ${body.value.fqdn}`;
    case 'guest':
      return `guest ${body.value.vmid} on ${body.value.node}`;
    case 'pveNode':
      return `node ${body.value.node}`;
    default:
      return `${body.case} ${name}`;
  }
}
