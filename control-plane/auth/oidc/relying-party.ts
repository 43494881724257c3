/**
 * Berth as a relying party of OpenID Connect: the authorization code flow with PKCE (S256), state and nonce, the
 * issuer in the answer where the provider sends it (RFC 9207), and the signature of the ID token checked although it
 * comes straight from the provider. What a provider says of itself is kept for an hour; its keys are asked for anew
 * when one is not known.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';
import * as oidc from 'openid-client';
import { isAllowedUrl } from './allowed-url.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { providerError } from './provider-error.ts';

/** What a provider says of itself is asked for again after this long, in milliseconds. */
const DISCOVERY_MS = 3_600_000;
/** A provider has this long for an answer, in seconds. */
const TIMEOUT_S = 10;
/** Its clock may be wrong by this much, in seconds. */
const CLOCK_TOLERANCE_S = 60;

/** A provider as the protocol needs it. */
export interface ProviderSettings {
  id: string;
  /** For messages. */
  displayName: string;
  issuer: string;
  clientId: string;
  /** Empty for a public client. */
  clientSecret: string;
  /** Separated by spaces. */
  scopes: string;
}

/** What one sign-in is bound to. */
export interface Challenge {
  state: string;
  nonce: string;
  /** Of PKCE. */
  verifier: string;
}

/** Claims as a provider makes them. */
export type Claims = Record<string, unknown>;

/** Who came back, in the words of the provider. */
export interface ProviderAnswer {
  issuer: string;
  subject: string;
  idToken: Claims;
  /** Empty where the provider has no such thing. */
  userInfo: Claims;
}

/** Speaks with providers. Everything it throws is an AppError for whoever signs in. */
export interface RelyingParty {
  /** Where to send the browser. */
  authorizationUrl(provider: ProviderSettings, redirectUri: string, challenge: Challenge): Promise<string>;
  /** Redeems what the browser came back with; `callback` is the redirect URI with its query. */
  redeem(provider: ProviderSettings, callback: URL, challenge: Challenge): Promise<ProviderAnswer>;
  /** Asks a provider anew what it is, past what is kept. */
  discover(provider: ProviderSettings): Promise<oidc.Configuration>;
}

/** A new challenge. */
export function newChallenge(): Challenge {
  return { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
}

/** Makes a relying party; `clock` decides how long discoveries are kept. */
export function createRelyingParty({ clock }: { clock: Clock }): RelyingParty {
  const kept = new Map<string, { until: number; configuration: Promise<oidc.Configuration> }>();

  const configurationOf = (provider: ProviderSettings): Promise<oidc.Configuration> => {
    const now = clock.now();
    for (const [key, { until }] of kept) if (until <= now) kept.delete(key);
    const key = JSON.stringify([provider.issuer, provider.clientId, provider.clientSecret]);
    const known = kept.get(key);
    if (known) return known.configuration;
    const configuration = discover(provider);
    kept.set(key, { until: now + DISCOVERY_MS, configuration });
    configuration.catch(() => kept.delete(key));
    return configuration;
  };

  return {
    discover,
    authorizationUrl: (provider, redirectUri, challenge) =>
      saying(provider, 'configuration', async () => {
        const url = await urlOf(await configurationOf(provider), provider, redirectUri, challenge);
        if (!isAllowedUrl(url)) throw new Error(`${url.origin} is neither https nor on loopback`);
        return url.href;
      }),
    redeem: (provider, callback, challenge) =>
      saying(provider, 'person', async () => redeemWith(await configurationOf(provider), callback, challenge)),
  };
}

function discover(provider: ProviderSettings): Promise<oidc.Configuration> {
  const { issuer, clientId, clientSecret } = provider;
  const metadata = { [oidc.clockTolerance]: CLOCK_TOLERANCE_S };
  // Plain http is refused by `guardedFetch`, which knows loopback.
  const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
  const options = { execute, timeout: TIMEOUT_S, [oidc.customFetch]: guardedFetch };
  return saying(provider, 'configuration', () =>
    oidc.discovery(new URL(issuer), clientId, metadata, authenticationWith(clientSecret), options),
  );
}

/** How Berth proves itself: as the provider says it wants it, by HTTP Basic where it says nothing. */
function authenticationWith(secret: string): oidc.ClientAuth {
  if (secret === '') return oidc.None();
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const usesPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic');
    return (usesPost ? post : basic)(server, ...rest);
  };
}

async function urlOf(
  configuration: oidc.Configuration,
  { scopes }: ProviderSettings,
  redirectUri: string,
  { state, nonce, verifier }: Challenge,
): Promise<URL> {
  return oidc.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: scopes,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
}

async function redeemWith(
  configuration: oidc.Configuration,
  callback: URL,
  { state, nonce, verifier }: Challenge,
): Promise<ProviderAnswer> {
  const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const idToken = tokens.claims();
  if (!idToken) throw new Error('no ID token');
  const { iss: issuer, sub: subject } = idToken;
  const { userinfo_endpoint } = configuration.serverMetadata();
  const userInfo = userinfo_endpoint ? await oidc.fetchUserInfo(configuration, tokens.access_token, subject) : {};
  return { issuer, subject, idToken, userInfo };
}

async function saying<T>(
  provider: ProviderSettings,
  asked: 'configuration' | 'person',
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw providerError(provider.displayName, error, asked);
  }
}
