import type { BeginLinkRequest, BeginOidcSignInRequest } from '@berth/proto/api/v1/oidc_pb.js';
import { newChallenge, type ProviderSettings } from '../../auth/oidc/relying-party.ts';
import { newBrowserToken, tokenHash } from '../../auth/tokens.ts';
import { insertJourney } from '../../store/oidc-journeys.ts';
import { clientSecret } from '../../store/oidc-providers.ts';
import type { Row } from '../../store/schema.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { requireProof } from '../security/proof.ts';
import { Violations } from '../validate/violations.ts';
import { findProvider, requireEnabled } from './read-providers.ts';

/** A browser is back within this time, in milliseconds. */
export const JOURNEY_MS = 10 * 60_000;
/** Where people find their links, and go on to from a new one. */
const LINKS_PATH = '/account/identities';

/** A browser that is to be sent to a provider. */
export interface BegunJourney {
  authorizationUrl: string;
  /** Kept by the browser alone. */
  browserToken: string;
  state: string;
  expiresAt: number;
  providerDisplayName: string;
}

/** Begins a sign-in. @throws AppError "provider_disabled", "provider_unreachable" */
export function beginOidcSignIn(deps: AppDeps, request: BeginOidcSignInRequest): Promise<BegunJourney> {
  const found = new Violations();
  found.check('next', nextFault(request.next));
  found.refuse();
  return begin(deps, request.provider, { userId: null, next: request.next });
}

/**
 * Begins to link the caller's account.
 * @throws AppError "provider_disabled", "provider_unreachable", "reauthentication_required"
 */
export function beginLink(deps: AppDeps, caller: Caller, request: BeginLinkRequest): Promise<BegunJourney> {
  authorise(caller, 'IdentityProvidersService.BeginLink');
  const { userId, sessionId } = caller;
  const { db, clock } = deps.store;
  const allow = () => requireProof(db, caller, clock.now());
  return begin(deps, request.provider, { userId, sessionId, next: LINKS_PATH }, allow);
}

async function begin(
  deps: AppDeps,
  reference: string,
  purpose: { userId: string | null; sessionId?: string; next: string },
  allow = async () => {},
): Promise<BegunJourney> {
  const { store, identityProviders } = deps;
  const provider = await findProvider(store.db, reference, 'provider');
  requireEnabled(provider);
  await allow();
  const challenge = newChallenge();
  const redirectUri = redirectUriOf(deps, provider.name);
  const authorizationUrl = await identityProviders.authorizationUrl(settingsOf(deps, provider), redirectUri, challenge);
  const browserToken = newBrowserToken();
  const { userId, ...kept } = purpose;
  const { state, nonce, verifier } = challenge;
  const data = { providerId: provider.id, nonce, verifier, browserHash: tokenHash(browserToken), ...kept };
  const expiresAt = await store.transaction(async (tx) => {
    const end = tx.now + JOURNEY_MS;
    await insertJourney(tx, { stateHash: tokenHash(state), userId, expiresAt: end, data });
    return end;
  });
  return { authorizationUrl, browserToken, state, expiresAt, providerDisplayName: provider.display_name };
}

/** Where a provider sends browsers back to. Each has its own, so that no answer is taken for another's. */
export function redirectUriOf({ enrolment }: AppDeps, name: string): string {
  return new URL(`/sign-in/with/${name}/back`, enrolment.url).href;
}

/** A provider as the protocol needs it. */
export function settingsOf({ store }: AppDeps, row: Row<'oidc_providers'>): ProviderSettings {
  return {
    id: row.id,
    displayName: row.display_name,
    issuer: row.issuer,
    clientId: row.client_id,
    clientSecret: clientSecret(store.secrets, row),
    scopes: row.scopes,
  };
}

/** A path of this server; "//host" and "/\host" would lead elsewhere. */
function nextFault(next: string): string | undefined {
  return /^(?:\/(?:[a-z0-9][!-[\]-~]{0,999})?)?$/.test(next) ? undefined : 'must be a path of this server';
}
