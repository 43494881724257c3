import type { CompleteOidcSignInRequest } from '@berth/proto/api/v1/oidc_pb.js';
import { rootCause } from '../../auth/oidc/provider-error.ts';
import type { ProviderAnswer } from '../../auth/oidc/relying-party.ts';
import { tokenHash } from '../../auth/tokens.ts';
import { AppError } from '../../errors.ts';
import { type Journey, journeyOf, useJourney } from '../../store/oidc-journeys.ts';
import { providerByReference } from '../../store/oidc-providers.ts';
import type { Row } from '../../store/schema.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import type { SignInOutcome } from '../sign-in/open-or-ask.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { redirectUriOf, settingsOf } from './begin-journey.ts';
import { finishLink, type Linked } from './finish-link.ts';
import { finishSignIn } from './finish-sign-in.ts';
import { requireEnabled } from './read-providers.ts';

const MAX_QUERY = 8_192;
/** Others may take the same name or link in the same moment; then it is tried again with what is there by then. */
const ATTEMPTS = 3;

/** What a journey came to. */
export type JourneyEnd = (SignInOutcome | Linked) & { next: string };

/**
 * Ends a journey. It is used up before the provider is asked, so that nothing that came back works twice; whatever
 * fails from then on, the person begins again.
 * @throws AppError "journey_over", "other_browser", "provider_disabled", what `RelyingParty.redeem` throws, and why a
 * person may not sign in or link
 */
export async function completeOidcSignIn(
  deps: AppDeps,
  caller: AnonymousCaller,
  request: CompleteOidcSignInRequest,
): Promise<JourneyEnd> {
  const state = checkRequest(request);
  const { store } = deps;
  const journey = await journeyOf(store.db, store.secrets, tokenHash(state), store.clock.now());
  if (!journey) throw over();
  const provider = await providerByReference(store.db, journey.providerId);
  if (!provider || provider.name !== request.provider) throw over();
  const answer = await notingRefusals(deps, caller, { journey, provider }, async () => {
    if (journey.browserHash !== tokenHash(request.browserToken)) throw otherBrowser();
    if (!(await store.transaction((tx) => useJourney(tx, journey.id)))) throw over();
    requireEnabled(provider);
    return redeem(deps, provider, journey, request.query, state);
  });
  const end = await finish(deps, caller, { journey, provider, answer });
  if ('refusal' in end) throw end.refusal;
  return { ...end, next: journey.next };
}

/** @returns the state */
function checkRequest({ provider, query, browserToken }: CompleteOidcSignInRequest): string {
  const found = new Violations();
  found.check('provider', referenceFault(provider));
  found.check('browser_token', /^[\w-]{43}$/.test(browserToken) ? undefined : 'must be what the journey began with');
  const states = new URLSearchParams(query).getAll('state');
  const right = query.length <= MAX_QUERY && states.length === 1 && /^[\w-]{43}$/.test(states[0] ?? '');
  found.check('query', right ? undefined : 'must be what the provider sent the browser back with');
  found.refuse();
  return states[0] ?? '';
}

function redeem(
  deps: AppDeps,
  provider: Row<'oidc_providers'>,
  { nonce, verifier }: Journey,
  query: string,
  state: string,
): Promise<ProviderAnswer> {
  const callback = new URL(`${redirectUriOf(deps, provider.name)}?${query}`);
  return deps.identityProviders.redeem(settingsOf(deps, provider), callback, { state, nonce, verifier });
}

interface Arrived {
  journey: Journey;
  provider: Row<'oidc_providers'>;
  answer: ProviderAnswer;
}

/** The end in one transaction. A refusal is returned, for what it wrote stays: an account that waits for approval. */
async function finish(
  deps: AppDeps,
  caller: AnonymousCaller,
  { journey, ...arrived }: Arrived,
): Promise<SignInOutcome | Linked | { refusal: AppError }> {
  const { userId, sessionId = '' } = journey;
  for (let attempt = 1; ; attempt++) {
    try {
      return await deps.store.transaction<SignInOutcome | Linked | { refusal: AppError }>((tx) =>
        userId === null
          ? finishSignIn(deps, tx, caller, arrived)
          : finishLink(tx, caller, { ...arrived, userId, sessionId }),
      );
    } catch (error) {
      if (!(error instanceof UniqueViolation) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Writes refusals into the audit, with what was wrong in an answer, of which the person is told only the sense. */
async function notingRefusals<T>(
  { store }: AppDeps,
  caller: AnonymousCaller,
  { journey, provider }: Omit<Arrived, 'answer'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const cause = error.cause instanceof Error ? { cause: rootCause(error.cause) } : {};
    const change = { provider: provider.name, reason: error.reason, ...cause };
    const action = journey.userId === null ? 'session.refused' : 'identity.link-refused';
    const deed = { action, siteId: null, objectKind: 'identity-provider', objectId: provider.id, change };
    await store.transaction((tx) => recordAnonymous(tx, caller, journey.userId, deed));
    throw error;
  }
}

function over(): AppError {
  const description = 'This sign-in is over: it was used, or took too long. Begin again.';
  return new AppError('failed_precondition', {
    reason: 'journey_over',
    message: description,
    violations: [{ field: 'query', description }],
  });
}

function otherBrowser(): AppError {
  const description = 'This sign-in began in another browser. Begin again in this one.';
  return new AppError('permission_denied', {
    reason: 'other_browser',
    message: description,
    violations: [{ field: 'browser_token', description }],
  });
}
