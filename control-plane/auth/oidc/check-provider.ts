import { genericGrantRequest, ResponseBodyError, type ServerMetadata } from 'openid-client';
import { AppError } from '../../errors.ts';
import { isAllowedUrl } from './allowed-url.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { providerError, rootCause } from './provider-error.ts';
import type { ProviderSettings, RelyingParty } from './relying-party.ts';

/** One thing looked at. */
export interface ProviderCheck {
  title: string;
  result: 'good' | 'doubtful' | 'bad';
  detail: string;
}

const TIMEOUT_MS = 10_000;

/** Looks at what one sign-in needs of a provider, without anybody signing in. Nothing of it is kept. */
export async function checkProvider(party: RelyingParty, provider: ProviderSettings): Promise<ProviderCheck[]> {
  let configuration: Awaited<ReturnType<RelyingParty['discover']>>;
  try {
    configuration = await party.discover(provider);
  } catch (error) {
    return [{ title: 'Configuration', result: 'bad', detail: explain(error) }];
  }
  const server = configuration.serverMetadata();
  return [
    { title: 'Configuration', result: 'good', detail: `found for ${server.issuer}` },
    authorizationCheck(server),
    await keysCheck(server),
    pkceCheck(server),
    issuerCheck(server),
    scopesCheck(server, provider),
    await credentialsCheck(configuration, provider),
  ];
}

function explain(error: unknown): string {
  if (!(error instanceof AppError)) throw error;
  const root = rootCause(error);
  return root === error.message || root === '' ? error.message : `${error.message} (${root})`;
}

function authorizationCheck({ authorization_endpoint: url }: ServerMetadata): ProviderCheck {
  const title = 'Sign-in page';
  if (!url || !URL.canParse(url)) return { title, result: 'bad', detail: 'none is named' };
  if (!isAllowedUrl(new URL(url))) return { title, result: 'bad', detail: `${url} is not https` };
  return { title, result: 'good', detail: url };
}

async function keysCheck({ jwks_uri: url }: ServerMetadata): Promise<ProviderCheck> {
  const title = 'Keys';
  if (!url) return { title, result: 'bad', detail: 'no address of keys is named' };
  try {
    const request = { method: 'GET' as const, headers: {}, body: undefined, redirect: 'manual' as const };
    const response = await guardedFetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { keys } = (await response.json()) as { keys?: { use?: string }[] };
    const count = keys?.filter(({ use = 'sig' }) => use === 'sig').length ?? 0;
    if (count === 0) return { title, result: 'bad', detail: `${url} has none to check signatures with` };
    return { title, result: 'good', detail: `${count} to check signatures with` };
  } catch (error) {
    return { title, result: 'bad', detail: `${url}: ${error instanceof Error ? error.message : 'cannot be read'}` };
  }
}

function pkceCheck({ code_challenge_methods_supported: methods }: ServerMetadata): ProviderCheck {
  const title = 'PKCE';
  if (methods?.includes('S256')) return { title, result: 'good', detail: 'S256' };
  return { title, result: 'doubtful', detail: 'it does not say that it checks S256; Berth sends it all the same' };
}

function issuerCheck({ authorization_response_iss_parameter_supported: sent }: ServerMetadata): ProviderCheck {
  const title = 'Issuer in answers';
  if (sent) return { title, result: 'good', detail: 'sent (RFC 9207)' };
  return { title, result: 'doubtful', detail: 'not sent; that its answers come to an address of their own has to do' };
}

function scopesCheck({ scopes_supported: known }: ServerMetadata, { scopes }: ProviderSettings): ProviderCheck {
  const title = 'Scopes';
  const missing = known ? scopes.split(' ').filter((scope) => !known.includes(scope)) : [];
  if (missing.length === 0) return { title, result: 'good', detail: scopes };
  return { title, result: 'doubtful', detail: `it does not name ${missing.join(', ')}` };
}

/** A code that was never given out: whoever is told that the code is wrong has got past the credentials. */
async function credentialsCheck(
  configuration: Parameters<typeof genericGrantRequest>[0],
  { displayName }: ProviderSettings,
): Promise<ProviderCheck> {
  const title = 'Client id and secret';
  const parameters = { code: 'berth-test', redirect_uri: 'https://berth.invalid/', code_verifier: 'x'.repeat(43) };
  try {
    await genericGrantRequest(configuration, 'authorization_code', parameters);
  } catch (error) {
    if (error instanceof ResponseBodyError && error.error === 'invalid_grant') {
      return { title, result: 'good', detail: 'accepted' };
    }
    const failure = providerError(displayName, error, 'person');
    if (failure.reason === 'provider_credentials_wrong') return { title, result: 'bad', detail: 'refused' };
    return { title, result: 'doubtful', detail: `cannot be told: ${explain(failure)}` };
  }
  return { title, result: 'doubtful', detail: 'cannot be told: it takes a code that it never gave' };
}
