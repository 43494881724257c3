import { ContainerRole as RoleMessage } from '@berth/proto/api/v1/access_pb.js';
import type { ContainerRole } from '../../auth/policy.ts';
import type { GrantedRole } from '../../store/schema-directory.ts';
import type { Violations } from '../validate/violations.ts';

/** Roles as messages name them. */
export const ROLE_MESSAGES: Record<ContainerRole, RoleMessage> = {
  viewer: RoleMessage.VIEWER,
  user: RoleMessage.USER,
  maintainer: RoleMessage.MAINTAINER,
  owner: RoleMessage.OWNER,
};

const GRANTED: Partial<Record<RoleMessage, GrantedRole>> = {
  [RoleMessage.VIEWER]: 'viewer',
  [RoleMessage.USER]: 'user',
  [RoleMessage.MAINTAINER]: 'maintainer',
};

/** A role that can be given. */
export function readRole(field: string, role: RoleMessage, found: Violations): GrantedRole {
  const name = GRANTED[role];
  const hint = role === RoleMessage.OWNER ? '; to change the owner, transfer the container' : '';
  found.check(field, name ? undefined : `must be viewer, user or maintainer${hint}`);
  return name ?? 'viewer';
}

/** A role that can be given, or nothing. */
export function readRoleIfNamed(field: string, role: RoleMessage, found: Violations): GrantedRole | undefined {
  return role === RoleMessage.UNSPECIFIED ? undefined : readRole(field, role, found);
}
