import { AccessService, type Member } from '@berth/proto/api/v1/access_pb.js';
import { type Container, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { type Operation, type OperationLogLine, OperationsService } from '@berth/proto/api/v1/operations_pb.js';
import { MessageQueue } from '@berth/proto/contract/message-queue.ts';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';

/** A container with its newest operation, as one moment shows them. */
export interface Snapshot {
  container: Container | undefined;
  operation: Operation | undefined;
  log: OperationLogLine[];
  deleted: boolean;
  /** Who has a role in it. */
  members: Member[];
  /** Requests that wait for whoever looks. */
  openRequests: number;
}

/** The log lines kept for a page; the whole log is in the API. */
const LOG_LINES = 200;

/**
 * Follows a container and whatever operation is about it: two watches of the API merged into one series of
 * snapshots. Ends when the container is gone and its last operation too, or with the signal.
 */
export async function* followContainer(
  transport: Transport,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  const state: Snapshot = {
    container: undefined,
    operation: undefined,
    log: [],
    deleted: false,
    members: [],
    openRequests: 0,
  };
  const changes = new MessageQueue<Error | undefined>();
  const fail = (error: unknown) => {
    if (!signal.aborted) changes.push(error instanceof Error ? error : new Error(String(error)));
  };
  let following: Promise<void> = Promise.resolve();
  const followOperation = async (operationId: string) => {
    state.log = [];
    const watch = createClient(OperationsService, transport).watchOperation({ operation: operationId }, { signal });
    for await (const news of watch) {
      state.operation = news.operation ?? state.operation;
      state.log = [...state.log, ...news.log].slice(-LOG_LINES);
      changes.push(undefined);
    }
  };
  const watchMembers = async () => {
    for await (const news of createClient(AccessService, transport).watchMembers({ container: id }, { signal })) {
      state.members = news.members;
      state.openRequests = news.openRequests;
      changes.push(undefined);
    }
  };
  const watchContainer = async () => {
    let followed = '';
    for await (const news of createClient(ContainersService, transport).watchContainer({ container: id }, { signal })) {
      state.container = news.container ?? state.container;
      state.deleted = news.deleted;
      const current = news.container?.activeOperation || (followed ? '' : await newestOperation(transport, id));
      if (current && current !== followed) {
        followed = current;
        following = following.then(() => followOperation(current)).catch(fail);
      }
      changes.push(undefined);
      if (news.deleted) break;
    }
    await following;
  };
  // When the container is gone, or not to be seen any more, its own watch tells that.
  watchMembers().catch((error) => ConnectError.from(error).code === Code.NotFound || fail(error));
  watchContainer()
    .catch(fail)
    .finally(() => changes.close());
  for await (const error of changes) {
    if (error) throw error;
    if (state.container && (state.members.length > 0 || state.deleted)) yield { ...state };
  }
}

async function newestOperation(transport: Transport, container: string): Promise<string> {
  const page = await createClient(OperationsService, transport).listOperations({ container, pageSize: 1 });
  return page.operations[0]?.id ?? '';
}
