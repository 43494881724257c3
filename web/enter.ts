import type { SignInResponse } from '@berth/proto/api/v1/auth_pb.js';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Context } from 'hono';
import { startSession, type WebEnv } from './session.ts';

/** Goes on as a person who has just signed in. @param next path to go on to, wherever it comes from */
export function enter(
  c: Context<WebEnv>,
  { token, expiresAt }: Pick<SignInResponse, 'token' | 'expiresAt'>,
  next: string,
): Response {
  startSession(c, token, expiresAt ? timestampDate(expiresAt) : new Date(Date.now() + 3_600_000));
  return c.redirect(isLocalPath(next) ? next : '/containers', 303);
}

/** Whether it is a path of this server: "//host" and "/\host" would lead elsewhere. */
export function isLocalPath(path: string): boolean {
  return /^\/[a-z0-9]/.test(path);
}
