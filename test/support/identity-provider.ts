/**
 * A real OpenID provider (the npm package oidc-provider) on loopback, for tests of signing in with one. Its sign-in
 * page asks for a name and believes it. It can be told to answer wrongly in ways that a real one never would.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type Configuration, Provider } from 'oidc-provider';

/** What a provider says of somebody, besides the subject. */
export type ProviderClaims = Record<string, unknown>;

/** How an ID token differs from a right one. */
export interface Tampering {
  claims?: JWTPayload;
  /** Signs with a key that is not the provider's. */
  foreignKey?: boolean;
}

/** A provider that runs. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly client: { clientId: string; clientSecret: string };
  /** Who can sign in, by subject, which is what the sign-in page asks for. */
  readonly people: Map<string, ProviderClaims>;
  /** What is wrong with the next ID tokens, if anything. */
  tampering: Tampering | undefined;
  /** Requests answered, by path. */
  readonly requests: string[];
  stop(): Promise<void>;
}

const CLIENT = { clientId: 'berth', clientSecret: 'a secret of the tests, at least thus long' };

/** Starts a provider that knows Berth under the given redirect URIs. */
export async function startIdentityProvider(redirectUris: string[]): Promise<IdentityProvider> {
  const [own, foreign] = await Promise.all([generateKeyPair('RS256', { extractable: true }), generateKeyPair('RS256')]);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: IdentityProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    client: CLIENT,
    people: new Map(),
    tampering: undefined,
    requests: [],
    stop: () => stop(server),
  };
  const jwk = { ...(await exportJWK(own.privateKey)), use: 'sig', alg: 'RS256', kid: 'own' };
  const provider = new Provider(state.issuer, configuration(state, redirectUris, jwk));
  provider.use(async (ctx, next) => {
    state.requests.push(ctx.path);
    const uid = /^\/interaction\/([\w-]+)$/.exec(ctx.path)?.[1];
    if (uid) return ctx.method === 'POST' ? signIn(provider, ctx) : showSignIn(ctx);
    await next();
    const { tampering } = state;
    const body = ctx.body as { id_token?: string } | undefined;
    if (tampering && ctx.path === '/token' && body?.id_token) {
      const claims = { ...decodeJwt(body.id_token), ...tampering.claims };
      const key = tampering.foreignKey ? foreign.privateKey : own.privateKey;
      body.id_token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'own' }).sign(key);
    }
  });
  server.on('request', provider.callback());
  return state;
}

function configuration({ people }: IdentityProvider, redirectUris: string[], jwk: object): Configuration {
  const { clientId: client_id, clientSecret: client_secret } = CLIENT;
  return {
    clients: [{ client_id, client_secret, redirect_uris: redirectUris }],
    jwks: { keys: [jwk] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, sub) => {
      const claims = people.get(sub);
      return claims && { accountId: sub, claims: () => ({ ...claims, sub }) };
    },
    async loadExistingGrant({ oidc }) {
      const { client, session, provider } = oidc;
      if (!client || !session) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId ?? '' });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
  };
}

function showSignIn(ctx: { type: string; body: unknown }): void {
  ctx.type = 'html';
  ctx.body = `<!doctype html><html lang="en"><title>Sign in at the provider</title><body>
    <h1>The provider's own sign-in page</h1>
    <form method="post"><label>Name at the provider <input name="login" autofocus></label>
    <button>Continue</button> <button name="abort" value="1">No, go back</button></form></body></html>`;
}

async function signIn(provider: Provider, { req, res }: { req: IncomingMessage; res: ServerResponse }): Promise<void> {
  const form = await formOf(req);
  const result = form.get('abort')
    ? { error: 'access_denied', error_description: 'The person went back' }
    : { login: { accountId: form.get('login') ?? '' } };
  await provider.interactionFinished(req, res, result);
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await new Promise((resolve) => setImmediate(resolve));
}
