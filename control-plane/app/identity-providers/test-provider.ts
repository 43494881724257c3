import type { TestProviderRequest } from '@berth/proto/api/v1/oidc_pb.js';
import { checkProvider, type ProviderCheck } from '../../auth/oidc/check-provider.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { record } from '../record.ts';
import { settingsOf } from './begin-journey.ts';
import { findProvider } from './read-providers.ts';

/** Tests a provider, enabled or not. */
export async function testProvider(
  deps: AppDeps,
  caller: Caller,
  request: TestProviderRequest,
): Promise<ProviderCheck[]> {
  authorise(caller, 'IdentityProvidersService.TestProvider');
  const provider = await findProvider(deps.store.db, request.provider, 'provider');
  const checks = await checkProvider(deps.identityProviders, settingsOf(deps, provider));
  const bad = checks.filter(({ result }) => result === 'bad').map(({ title }) => title);
  const deed = { action: 'identity-provider.test', siteId: null, objectKind: 'identity-provider' };
  const change = { name: provider.name, bad };
  await deps.store.transaction((tx) => record(tx, caller, { ...deed, objectId: provider.id, change }));
  return checks;
}
