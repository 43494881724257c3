import { policy, type Rpc } from '../auth/policy.ts';
import { AppError } from '../errors.ts';

/** Who is asking. */
export interface Caller {
  userId: string;
  username: string;
  administrator: boolean;
  sessionId: string;
  requestId: string;
}

/** A request that may come from nobody in particular. */
export interface AnonymousCaller {
  requestId: string;
  userAgent: string;
}

/**
 * Refuses a caller whom the policy's table does not let call an RPC at all.
 * @throws AppError "administrator_required"
 */
export function authorise(caller: Caller, rpc: Rpc): void {
  if (policy[rpc] === 'administrator' && !caller.administrator) {
    throw new AppError('permission_denied', {
      reason: 'administrator_required',
      message: 'Only an administrator may do this.',
    });
  }
}

/** Whether a caller may see and change what belongs to an owner, for RPCs whose rule is "owner". */
export function mayHandle(caller: Caller, ownerId: string): boolean {
  return caller.administrator || caller.userId === ownerId;
}
