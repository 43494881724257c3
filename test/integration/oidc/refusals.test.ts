/** Everything that must not let anybody in, against a real provider that is told to lie where a real one would not. */
import { hashPassword } from '@berth/control-plane/auth/password.ts';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { IdentityProvidersService, type OidcJourney } from '@berth/proto/api/v1/oidc_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type IdentityProvider, startIdentityProvider, type Tampering } from '../../support/identity-provider.ts';
import { ProviderVisit } from '../../support/provider-visit.ts';
import { NAME, type OidcWorld, openOidcWorld, REDIRECT_URI, signedIn } from './world.ts';

const HOUR = 3_600;
const ELEVEN_MINUTES = 11 * 60_000;

let world: OidcWorld;
beforeAll(async () => {
  world = await openOidcWorld();
  world.provider.people.set('eve', { preferred_username: 'eve' });
});
afterAll(() => world?.close());
afterEach(async () => {
  world.provider.tampering = undefined;
  await world.configure({ enabled: true }, ['enabled']);
});

/** A journey that is back from the provider, with the query it came back with. */
async function backFrom(login: string | null = 'eve'): Promise<{ journey: OidcJourney; query: URLSearchParams }> {
  const journey = await world.begin();
  const { searchParams: query } = await new ProviderVisit().go(journey.authorizationUrl, login ?? undefined);
  return { journey, query };
}

const refusedWith = async () =>
  (await world.audited()).filter(({ action }) => action === 'session.refused').at(-1)?.change;

describe('a journey', () => {
  it('works once: what came back is worth nothing when it comes again', async () => {
    const { journey, query } = await backFrom();
    signedIn(await world.complete(journey, query.toString()));
    expect(await world.complete(journey, query.toString())).toMatchObject({ reason: 'journey_over' });
  });

  it('works once also when it comes twice at the same time', async () => {
    const { journey, query } = await backFrom();
    const both = await Promise.all([1, 2].map(() => world.complete(journey, query.toString())));
    expect(both.filter((end) => 'answer' in end)).toHaveLength(1);
    expect(both).toContainEqual(expect.objectContaining({ reason: 'journey_over' }));
  });

  it('ends in the browser it began in, and is not used up by another', async () => {
    const { journey, query } = await backFrom();
    const { browserToken } = await world.begin();
    const stolen = await world.complete(journey, query.toString(), { browserToken });
    expect(stolen).toMatchObject({ reason: 'other_browser' });
    expect(await refusedWith()).toMatchObject({ provider: NAME, reason: 'other_browser' });
    signedIn(await world.complete(journey, query.toString()));
  });

  it('is over after ten minutes', async () => {
    const { journey, query } = await backFrom();
    await world.bench.clock.advance(ELEVEN_MINUTES);
    expect(await world.complete(journey, query.toString())).toMatchObject({ reason: 'journey_over' });
  });

  it('needs a state that began somewhere', async () => {
    const { journey, query } = await backFrom();
    query.set('state', 'A'.repeat(43));
    expect(await world.complete(journey, query.toString())).toMatchObject({ reason: 'journey_over' });
  });

  it('cannot be ended with a code that was meant for another one', async () => {
    const [mine, theirs] = [await backFrom(), await backFrom()];
    mine.query.set('code', theirs.query.get('code') ?? '');
    expect(await world.complete(mine.journey, mine.query.toString())).toMatchObject({
      reason: 'provider_answer_untrusted',
    });
  });

  it('keeps nothing readable of what it is bound to', async () => {
    const journey = await world.begin();
    const rows = JSON.stringify(
      await world.bench.store.db.selectFrom('pending_sign_ins').selectAll().execute(),
      (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value),
    );
    const { searchParams } = new URL(journey.authorizationUrl);
    for (const secret of [journey.browserToken, journey.state, searchParams.get('nonce') ?? '']) {
      expect(secret).not.toBe('');
      expect(rows).not.toContain(secret);
    }
    expect(searchParams.get('code_challenge_method')).toBe('S256');
  });
});

describe('an answer', () => {
  const lies: [string, Tampering, RegExp][] = [
    ['with another nonce', { claims: { nonce: 'another' } }, /nonce/],
    ['by another issuer', { claims: { iss: 'https://evil.test' } }, /iss/],
    ['for another audience', { claims: { aud: 'another-client' } }, /aud/],
    ['signed with a key that is not the provider’s', { foreignKey: true }, /signature/i],
    ['that has expired', { claims: { iat: now() - 2 * HOUR, exp: now() - HOUR } }, /exp/],
    ['about somebody else than the provider then says', { claims: { sub: 'root' } }, /sub/],
  ];

  it.each(lies)('%s is not believed', async (_, tampering, named) => {
    const { journey, query } = await backFrom();
    world.provider.tampering = tampering;
    const end = await world.complete(journey, query.toString());
    expect(end).toMatchObject({ reason: 'provider_answer_untrusted', message: expect.stringContaining('Corp') });
    expect(JSON.stringify(await refusedWith())).toMatch(named);
    world.provider.tampering = undefined;
    expect(await world.complete(journey, query.toString())).toMatchObject({ reason: 'journey_over' });
  });

  it('may be off by a little time', async () => {
    world.provider.tampering = { claims: { exp: now() - 20 } };
    expect(signedIn(await world.signIn('eve')).username).toBe('eve');
  });

  it('that says it is of another provider is a mix-up', async () => {
    const { journey, query } = await backFrom();
    query.set('iss', 'https://evil.test');
    expect(await world.complete(journey, query.toString())).toMatchObject({ reason: 'provider_answer_untrusted' });
  });

  it('that does not say which provider it is of is a mix-up where that one always does', async () => {
    const { journey, query } = await backFrom();
    query.delete('iss');
    expect(await world.complete(journey, query.toString())).toMatchObject({ reason: 'provider_answer_untrusted' });
  });

  it('at the address of another provider is a mix-up', async () => {
    const { journey, query } = await backFrom();
    expect(await world.complete(journey, query.toString(), { provider: 'other' })).toMatchObject({
      reason: 'journey_over',
    });
  });

  it('that the person went back is told in the words of the provider', async () => {
    const { journey, query } = await backFrom(null);
    expect(await world.complete(journey, query.toString())).toMatchObject({
      reason: 'provider_refused',
      message: expect.stringContaining('The person went back'),
    });
  });

  it('is not even asked for once the provider is disabled', async () => {
    const { journey, query } = await backFrom();
    await world.configure({ enabled: false }, ['enabled']);
    const before = world.provider.requests.length;
    expect(await world.complete(journey, query.toString())).toMatchObject({ reason: 'provider_disabled' });
    expect(world.provider.requests.length).toBe(before);
    await expect(world.begin()).rejects.toThrow('at present');
  });

  it('is worth nothing to whoever is suspended, whatever he has been', async () => {
    world.provider.people.set('susi', { preferred_username: 'susi' });
    signedIn(await world.signIn('susi'));
    const { db } = world.bench.store;
    await db.updateTable('users').set({ status: 'suspended' }).where('username', '=', 'susi').execute();
    expect(await world.signIn('susi')).toMatchObject({ reason: 'account_suspended' });
    expect(await refusedWith()).toMatchObject({ reason: 'account_suspended', subject: 'susi' });
    const { id = '' } = (await world.person('susi')) ?? {};
    expect(await db.selectFrom('sessions').select('id').where('user_id', '=', id).execute()).toHaveLength(1);
  });
});

describe('a provider that cannot be reached', () => {
  let doomed: IdentityProvider;
  const configureDoomed = () => world.configure({ issuer: doomed.issuer }, ['issuer']);
  beforeAll(async () => {
    doomed = await startIdentityProvider([REDIRECT_URI]);
    doomed.people.set('eve', {});
    await configureDoomed();
  });
  afterAll(() => world.configure({ issuer: world.provider.issuer }, ['issuer']));

  it('in the middle is told in clear words', async () => {
    const { journey, query } = await backFrom();
    await doomed.stop();
    const end = await world.complete(journey, query.toString());
    expect(end).toMatchObject({
      reason: 'provider_unreachable',
      message: expect.stringContaining('Corp cannot be reached'),
    });
  });

  it('at the beginning is told too, and hinders nobody who has a password', async () => {
    await world.configure({ clientId: 'asked-anew' }, ['client_id']);
    await expect(world.begin()).rejects.toThrow('Corp cannot be reached');
    await world.configure({ clientId: world.provider.client.clientId }, ['client_id']);
    const anyone = await world.bench.client(IdentityProvidersService);
    expect((await anyone.listSignInProviders({})).providers).toMatchObject([{ name: NAME, displayName: 'Corp' }]);
    const password_hash = await hashPassword('right and long enough');
    await world.bench.store.db.updateTable('users').set({ password_hash }).where('username', '=', 'sam').execute();
    const local = createClient(AuthService, world.bench.transport(''));
    const { user } = await local.signIn({ username: 'sam', password: 'right and long enough' });
    expect(user?.username).toBe('sam');
  });
});

/** Seconds since the epoch. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}
