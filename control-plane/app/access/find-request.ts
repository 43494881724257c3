import type { Rpc } from '../../auth/policy.ts';
import { notFound } from '../../errors.ts';
import { requestById } from '../../store/access-requests.ts';
import { containerById } from '../../store/containers.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { Caller } from '../caller.ts';
import { authoriseRole, roleIn } from '../roles.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

/** A request that the caller sent. @throws AppError "access_request_not_found" */
export async function findOwnRequest(db: Db, caller: Caller, id: string): Promise<Row<'access_requests'>> {
  checkId(id);
  const row = await requestById(db, id);
  if (row?.user_id !== caller.userId) throw unknown(id);
  return row;
}

/**
 * A request about a container of the caller's, for a call of an RPC.
 * @throws AppError "access_request_not_found", "role_required"
 */
export async function findRequestToDecide(
  db: Db,
  caller: Caller,
  id: string,
  rpc: Rpc,
): Promise<{ row: Row<'access_requests'>; container: Row<'containers'> }> {
  checkId(id);
  const row = await requestById(db, id);
  const container = row?.container_id ? await containerById(db, row.container_id) : undefined;
  const role = container && (await roleIn(db, caller, container));
  if (!row || !container || !role) throw unknown(id);
  authoriseRole(role, rpc);
  return { row, container };
}

function checkId(id: string): void {
  const found = new Violations();
  found.check('request', referenceFault(id));
  found.refuse();
}

function unknown(id: string) {
  return notFound('access request', id, 'request');
}
