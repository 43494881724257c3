import {
  type AccessRequest,
  AccessRequestSchema,
  AccessRequestState,
  type Holder,
  HolderSchema,
  type Member,
  MemberSchema,
  type SiteAdministrator,
  SiteAdministratorSchema,
} from '@berth/proto/api/v1/access_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { FoundHolder } from '../app/access/holders.ts';
import type { MemberView } from '../app/access/members.ts';
import { ROLE_MESSAGES } from '../app/access/role-names.ts';
import type { AdministratorView } from '../app/access/site-administrators.ts';
import type { NamedRequest } from '../store/access-requests.ts';
import { moment } from './shapes.ts';

const STATES: Record<NamedRequest['state'], AccessRequestState> = {
  open: AccessRequestState.OPEN,
  granted: AccessRequestState.GRANTED,
  refused: AccessRequestState.REFUSED,
  withdrawn: AccessRequestState.WITHDRAWN,
};

/** Who holds a right. */
function holderShape({ kind, name, displayName }: FoundHolder): Holder {
  return create(HolderSchema, { holder: { case: kind, value: name }, displayName });
}

/** A member. */
export function memberShape({ holder, role, grantedBy, grantedAt }: MemberView): Member {
  return create(MemberSchema, {
    holder: holderShape(holder),
    role: ROLE_MESSAGES[role],
    grantedBy,
    grantedAt: timestampFromMs(grantedAt),
  });
}

/** A request for access. */
export function accessRequestShape(row: NamedRequest): AccessRequest {
  return create(AccessRequestSchema, {
    id: row.id,
    container: `${row.site_name}/${row.hostname}`,
    user: row.username,
    displayName: row.display_name,
    role: ROLE_MESSAGES[row.role],
    message: row.message,
    state: STATES[row.state],
    answer: row.answer,
    decidedBy: row.decided_by_name ?? '',
    decidedAt: moment(row.decided_at),
    createdAt: timestampFromMs(row.created_at),
  });
}

/** Somebody who administers a site. */
export function siteAdministratorShape({ holder, since }: AdministratorView): SiteAdministrator {
  return create(SiteAdministratorSchema, { holder: holderShape(holder), createdAt: timestampFromMs(since) });
}
