import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { AppError } from '../../errors.ts';

/** Codes of openid-client that mean that what answered is no provider at all. */
const NO_PROVIDER = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR']);

/**
 * What goes wrong with a provider, for whoever signs in; the cause is for the log.
 * @param name the provider's
 * @param asked what it was asked for: what it is, or who it is that comes back
 */
export function providerError(name: string, error: unknown, asked: 'configuration' | 'person'): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof AuthorizationResponseError) return refused(name, error);
  if (error instanceof ResponseBodyError) return tokenRefused(name, error);
  if (error instanceof WWWAuthenticateChallengeError) {
    return error.cause.some(({ scheme }) => scheme === 'basic')
      ? credentialsWrong(name, error)
      : untrusted(name, error);
  }
  if (error instanceof ClientError && !isOutage(error)) {
    const wrong = asked === 'configuration' || NO_PROVIDER.has(error.code ?? '');
    return wrong ? notAProvider(name, error) : untrusted(name, error);
  }
  return new AppError('unavailable', {
    reason: 'provider_unreachable',
    message: `${name} cannot be reached. Try again later, or sign in with a password.`,
    cause: error,
  });
}

/** Nothing came in time, nothing came at all, or the provider says that it is in trouble. */
function isOutage({ code, cause }: ClientError): boolean {
  return code === undefined || code === 'OAUTH_TIMEOUT' || (cause instanceof Response && cause.status >= 500);
}

function refused(name: string, error: AuthorizationResponseError): AppError {
  const said = clean(error.error_description ? `${error.error} (${error.error_description})` : error.error);
  return new AppError('permission_denied', {
    reason: 'provider_refused',
    message: `${name} did not let you in. It says: ${said}.`,
    cause: error,
  });
}

function tokenRefused(name: string, error: ResponseBodyError): AppError {
  if (error.error === 'invalid_client' || error.error === 'unauthorized_client') return credentialsWrong(name, error);
  const message = `${name} does not confirm this sign-in (${clean(error.error)}). Begin again.`;
  return new AppError('unauthenticated', { reason: 'provider_answer_untrusted', message, cause: error });
}

function credentialsWrong(name: string, error: Error): AppError {
  const message = `${name} does not take Berth's credentials. An administrator has to put that right.`;
  return new AppError('failed_precondition', { reason: 'provider_credentials_wrong', message, cause: error });
}

function notAProvider(name: string, error: ClientError): AppError {
  return new AppError('unavailable', {
    reason: 'provider_wrong',
    message: `What answers for ${name} is not the identity provider that it should be. An administrator has to look.`,
    cause: error,
  });
}

function untrusted(name: string, error: Error): AppError {
  return new AppError('unauthenticated', {
    reason: 'provider_answer_untrusted',
    message: `The answer of ${name} cannot be trusted: ${rootCause(error)}. Begin again.`,
    cause: error,
  });
}

/** What the innermost cause of an error says, which with openid-client names the claim or the parameter. */
export function rootCause(error: Error): string {
  return error.cause instanceof Error ? rootCause(error.cause) : clean(error.message);
}

/** Text from outside, fit for a line on a page. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 200);
}
