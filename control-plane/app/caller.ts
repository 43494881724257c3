import { policy, type Rpc, type Rule, type TokenScope } from '../auth/policy.ts';
import { AppError } from '../errors.ts';
import type { AuditVia } from '../store/schema-people.ts';

/** What limits a caller who presents an API token. */
export interface CallerToken {
  id: string;
  scope: TokenScope;
  /** Nothing outside this site, or null. */
  siteId: string | null;
  /** Nothing outside this container, or null. */
  containerId: string | null;
}

/** Who is asking. */
export interface Caller {
  userId: string;
  username: string;
  administrator: boolean;
  /** Every group the caller belongs to, through other groups too. */
  groupIds: readonly string[];
  /** Sites the caller administers. */
  siteIds: readonly string[];
  /** Empty when a token was presented. */
  sessionId: string;
  token?: CallerToken | undefined;
  requestId: string;
  /** Where from; empty where it is not known. */
  address: string;
  /** By which way. */
  via: AuditVia;
}

/** What a caller's rights rest on. */
export type Rights = Pick<Caller, 'userId' | 'administrator' | 'groupIds' | 'siteIds' | 'token'>;

/** A request that may come from nobody in particular. */
export interface AnonymousCaller {
  requestId: string;
  userAgent: string;
  address: string;
  via: AuditVia;
  /** A session token that was presented all the same: a new sign-in ends its session. */
  formerToken?: string | undefined;
}

/**
 * Refuses a caller whom the policy's table does not let call an RPC at all. Verbs about one container or site check the
 * object besides, by `findContainer` and the like or by `authoriseSite`.
 * @throws AppError "administrator_required", "site_administrator_required", "outside_token"
 */
export function authorise(caller: Caller, rpc: Rpc): void {
  authoriseBy(caller, policy[rpc]);
}

/** As `authorise`, for what is no RPC. */
export function authoriseBy(caller: Caller, { who, scope }: Rule): void {
  const restricted = caller.token?.siteId || caller.token?.containerId;
  if (who === 'administrator' && (!caller.administrator || restricted)) throw administratorRequired();
  const open = who === 'signed-in' || who === 'domain-owner';
  if (open && scope !== 'read' && caller.token?.containerId) throw outsideToken();
  if (who === 'site-administrator' && administeredSites(caller)?.length === 0) throw siteAdministratorRequired();
}

/**
 * Refuses a caller who does not administer the site, for RPCs whose rule is "site-administrator".
 * @throws AppError "site_administrator_required"
 */
export function authoriseSite(caller: Caller, rpc: Rpc, siteId: string): void {
  authorise(caller, rpc);
  if (policy[rpc].who === 'site-administrator' && !administersSite(caller, siteId)) throw siteAdministratorRequired();
}

/** Refuses a caller whose token reaches another site only. @throws AppError "outside_token" */
export function refuseOutsideToken({ token }: Caller, siteId: string): void {
  if (token?.siteId && token.siteId !== siteId) throw outsideToken();
}

/** Whether a caller administers a site. */
export function administersSite(caller: Rights, siteId: string): boolean {
  return administeredSites(caller)?.includes(siteId) ?? true;
}

/** The sites a caller administers; undefined means all. */
export function administeredSites({ administrator, siteIds, token }: Rights): readonly string[] | undefined {
  if (token?.containerId) return [];
  const { siteId } = token ?? {};
  if (!siteId) return administrator ? undefined : siteIds;
  return administrator || siteIds.includes(siteId) ? [siteId] : [];
}

function outsideToken(): AppError {
  return new AppError('permission_denied', {
    reason: 'outside_token',
    message: 'This API token was made for one site or container only and does not reach here.',
  });
}

function administratorRequired(): AppError {
  return new AppError('permission_denied', {
    reason: 'administrator_required',
    message: 'Only an administrator may do this.',
  });
}

function siteAdministratorRequired(): AppError {
  return new AppError('permission_denied', {
    reason: 'site_administrator_required',
    message: 'Only an administrator of the site may do this.',
  });
}
