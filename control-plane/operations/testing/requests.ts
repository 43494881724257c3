import { type CreateContainerRequest, CreateContainerRequestSchema } from '@berth/proto/api/v1/containers_pb.js';
import { create } from '@bufbuild/protobuf';

/** A request for a container with an HTTP, a TCP and a UDP service. */
export function containerRequest(hostname: string, idempotencyKey = ''): CreateContainerRequest {
  return create(CreateContainerRequestSchema, {
    idempotencyKey,
    container: {
      site: 'lab',
      hostname,
      template: 'debian-12',
      services: [
        { internalPort: 80, exposure: { case: 'http', value: { host: `${hostname}.apps.lab` } } },
        { internalPort: 22, exposure: { case: 'tcp', value: {} } },
        { internalPort: 53, exposure: { case: 'udp', value: {} } },
      ],
    },
  });
}
