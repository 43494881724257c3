import { randomUUID } from 'node:crypto';
import { type Container, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import {
  type Operation,
  OperationSchema,
  OperationState,
  OperationsService,
} from '@berth/proto/api/v1/operations_pb.js';
import { toJsonString } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import type { Lab } from '../../lab/lab.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Asks for a small container with one HTTP and one TCP service. */
export async function askFor(lab: Lab, hostname: string, idempotencyKey: string = randomUUID()) {
  const answer = await createClient(ContainersService, lab.api.transport).createContainer({
    container: {
      site: lab.site.id,
      hostname,
      template: 'debian-12',
      cores: 1,
      memoryMib: 256,
      diskGib: 1,
      services: [
        { internalPort: 80, exposure: { case: 'http', value: { host: `${hostname}.${lab.site.externalDomains[0]}` } } },
        { internalPort: 22, exposure: { case: 'tcp', value: {} } },
      ],
    },
    idempotencyKey,
  });
  if (!answer.container || !answer.operation) throw new Error('the server sent no container');
  return { container: answer.container, operation: answer.operation };
}

/** Waits for the end of an operation, over restarts of the control plane; returns it however it ended. */
export function ended(transport: Transport, operation: string, timeoutMs = 90_000): Promise<Operation> {
  const client = createClient(OperationsService, transport);
  return waitFor(
    async () => {
      const { operation: now } = await client.getOperation({ operation });
      if (now && [OperationState.SUCCEEDED, OperationState.FAILED].includes(now.state)) return now;
      throw new Error(now && toJsonString(OperationSchema, now));
    },
    { timeoutMs, intervalMs: 100, what: `operation ${operation} to end` },
  );
}

/** A container made to its end. @throws with the operation's error and log when it failed. */
export async function made(lab: Lab, hostname: string): Promise<Container> {
  const { container, operation } = await askFor(lab, hostname);
  const end = await ended(lab.api.transport, operation.id);
  if (end.state !== OperationState.SUCCEEDED) throw new Error(`${hostname}: ${end.error}`);
  const now = await find(lab, container.id);
  if (!now) throw new Error(`${hostname} is gone`);
  return now;
}

/** Deletes a container to its end. */
export async function removed(lab: Lab, container: string): Promise<Operation> {
  const { operation } = await createClient(ContainersService, lab.api.transport).deleteContainer({ container });
  return ended(lab.api.transport, operation?.id ?? '');
}

/** The container as it is now, or undefined when it is gone. */
export async function find(lab: Lab, id: string): Promise<Container | undefined> {
  try {
    return (await createClient(ContainersService, lab.api.transport).getContainer({ container: id })).container;
  } catch (error) {
    if (ConnectError.from(error).code === Code.NotFound) return undefined;
    throw error;
  }
}
