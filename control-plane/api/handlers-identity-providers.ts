import {
  GetProviderRequestSchema,
  type IdentityProvidersService,
  ProviderCheckResult,
} from '@berth/proto/api/v1/oidc_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Caller } from '../app/caller.ts';
import {
  type BegunJourney,
  beginLink,
  beginOidcSignIn,
  redirectUriOf,
} from '../app/identity-providers/begin-journey.ts';
import { completeOidcSignIn, type JourneyEnd } from '../app/identity-providers/complete-journey.ts';
import { listOwnIdentities, unlinkIdentity } from '../app/identity-providers/own-identities.ts';
import { fieldsOfRow } from '../app/identity-providers/provider-fields.ts';
import {
  getProvider,
  listProviders,
  listSignInProviders,
  type ProviderView,
} from '../app/identity-providers/read-providers.ts';
import { testProvider } from '../app/identity-providers/test-provider.ts';
import { createProvider, deleteProviderVerb, updateProviderVerb } from '../app/identity-providers/write-providers.ts';
import type { IdentityWithProvider } from '../store/oidc-identities.ts';
import { anonymousOf, callerOf } from './caller-context.ts';
import { challengeShape } from './challenge-shape.ts';
import type { ApiDeps } from './deps.ts';
import { userShape } from './shapes.ts';

const RESULTS = {
  good: ProviderCheckResult.GOOD,
  doubtful: ProviderCheckResult.DOUBTFUL,
  bad: ProviderCheckResult.BAD,
};

/** Identity providers: for administrators, for oneself, and for whoever signs in. */
export function identityProviderHandlers(deps: ApiDeps): ServiceImpl<typeof IdentityProvidersService> {
  return { ...administration(deps), ...ownIdentities(deps), ...signingIn(deps) };
}

type Handlers = ServiceImpl<typeof IdentityProvidersService>;

function administration({ app }: ApiDeps) {
  const shape = (view: ProviderView) => providerShape(view, redirectUriOf(app, view.provider.name));
  const answer = async (caller: Caller, provider: string) => ({
    provider: shape(await getProvider(app, caller, create(GetProviderRequestSchema, { provider }))),
  });
  return {
    async createProvider(request, context) {
      const caller = callerOf(context);
      return answer(caller, await createProvider(app, caller, request));
    },
    getProvider: async (request, context) => ({ provider: shape(await getProvider(app, callerOf(context), request)) }),
    async listProviders(request, context) {
      const { rows, nextPageToken } = await listProviders(app, callerOf(context), request);
      return { providers: rows.map(shape), nextPageToken };
    },
    async updateProvider(request, context) {
      const caller = callerOf(context);
      return answer(caller, await updateProviderVerb(app, caller, request));
    },
    async deleteProvider(request, context) {
      await deleteProviderVerb(app, callerOf(context), request);
      return {};
    },
    async testProvider(request, context) {
      const checks = await testProvider(app, callerOf(context), request);
      return { checks: checks.map(({ result, ...rest }) => ({ ...rest, result: RESULTS[result] })) };
    },
  } satisfies Partial<Handlers>;
}

function ownIdentities({ app }: ApiDeps) {
  return {
    async listOwnIdentities(_, context) {
      const identities = await listOwnIdentities(app, callerOf(context));
      return { identities: identities.map(identityShape) };
    },
    beginLink: async (request, context) => ({
      journey: journeyShape(await beginLink(app, callerOf(context), request)),
    }),
    async unlinkIdentity(request, context) {
      await unlinkIdentity(app, callerOf(context), request);
      return {};
    },
  } satisfies Partial<Handlers>;
}

function signingIn({ app }: ApiDeps) {
  return {
    async listSignInProviders() {
      const rows = await listSignInProviders(app);
      return { providers: rows.map(({ name, display_name }) => ({ name, displayName: display_name })) };
    },
    beginOidcSignIn: async (request) => ({ journey: journeyShape(await beginOidcSignIn(app, request)) }),
    completeOidcSignIn: async (request, context) =>
      endShape(await completeOidcSignIn(app, anonymousOf(context), request)),
  } satisfies Partial<Handlers>;
}

function providerShape({ provider, identities, groupNames }: ProviderView, redirectUri: string) {
  const fields = fieldsOfRow(provider);
  return {
    id: provider.id,
    name: provider.name,
    displayName: fields.display_name,
    issuer: fields.issuer,
    clientId: fields.client_id,
    scopes: fields.scopes,
    groupsClaim: fields.groups_claim,
    groupMappings: fields.group_mappings.map((mapping) => ({
      ...mapping,
      groupName: groupNames.get(mapping.group) ?? '',
    })),
    mayAdminister: fields.may_administer,
    newPeople: fields.new_people,
    trustedSecondFactor: fields.trusted_second_factor,
    enabled: fields.enabled,
    redirectUri,
    identityCount: identities,
    createdAt: timestampFromMs(provider.created_at),
    updatedAt: timestampFromMs(provider.updated_at),
  };
}

function identityShape(row: IdentityWithProvider) {
  return {
    id: row.id,
    provider: row.provider_id,
    providerDisplayName: row.display_name,
    subject: row.subject,
    createdAt: timestampFromMs(row.created_at),
    ...(row.last_used_at !== null && { lastUsedAt: timestampFromMs(row.last_used_at) }),
  };
}

function journeyShape({ expiresAt, ...journey }: BegunJourney) {
  return { ...journey, expiresAt: timestampFromMs(expiresAt) };
}

function endShape(end: JourneyEnd) {
  if ('linked' in end) {
    return { outcome: { case: 'linked' as const, value: { identity: identityShape(end.linked) } }, next: end.next };
  }
  if ('challenge' in end) {
    return { outcome: { case: 'secondFactor' as const, value: challengeShape(end.challenge) }, next: end.next };
  }
  const { user, token, expiresAt } = end.signedIn;
  const value = { user: userShape(user), token, expiresAt: timestampFromMs(expiresAt) };
  return { outcome: { case: 'signedIn' as const, value }, next: end.next };
}
