import { createContextKey, type HandlerContext } from '@connectrpc/connect';
import type { AnonymousCaller, Caller } from '../app/caller.ts';
import { AppError } from '../errors.ts';

/** Identifier of the request, set before anything can fail. */
export const requestIdKey = createContextKey('', { description: 'request id' });
/** Address of the peer, set by the listener. */
export const addressKey = createContextKey('', { description: 'address' });
/** By which way the call came. */
export const viaKey = createContextKey<'api' | 'page'>('api', { description: 'via' });
/** Who presented a valid token, if anybody. */
export const callerKey = createContextKey<Caller | undefined>(undefined, { description: 'caller' });
/** Finds out once more who presented the token, for calls that last. */
export const callerAgainKey = createContextKey<(() => Promise<Caller>) | undefined>(undefined, {
  description: 'caller again',
});

/** Who is calling. @throws AppError "unauthenticated", for handlers reached without the interceptor only */
export function callerOf(context: HandlerContext): Caller {
  const caller = context.values.get(callerKey);
  if (!caller) throw signInFirst();
  return caller;
}

/**
 * Who is calling as things are now: in a call that lasts, the session may have ended and rights may have changed.
 * @throws AppError "unauthenticated" once the token is worth nothing any more
 */
export async function callerAgain(context: HandlerContext): Promise<Caller> {
  const again = context.values.get(callerAgainKey);
  if (!again) throw signInFirst();
  return again();
}

/** What is known of a caller who needs no session. */
export function anonymousOf(context: HandlerContext): AnonymousCaller {
  return {
    requestId: context.values.get(requestIdKey),
    userAgent: context.requestHeader.get('user-agent') ?? '',
    address: context.values.get(addressKey),
    via: context.values.get(viaKey),
    formerToken: bearerToken(context.requestHeader.get('authorization')),
  };
}

/** The token of an Authorization header. */
export function bearerToken(header: string | null): string | undefined {
  return /^Bearer ([\w.~+/-]{1,512}=*)$/i.exec(header ?? '')?.[1];
}

/** The error for a call without a token. */
export function signInFirst(): AppError {
  return new AppError('unauthenticated', {
    reason: 'unauthenticated',
    message: 'Sign in first: this call needs a session token as "Authorization: Bearer …".',
  });
}
