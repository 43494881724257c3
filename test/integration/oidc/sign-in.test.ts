import { newTotpSecret, totpCode } from '@berth/control-plane/auth/totp.ts';
import { SYSADMINS } from '@berth/control-plane/store/built-in-groups.ts';
import { addGroupMember } from '@berth/control-plane/store/groups.ts';
import { groupIdsOf } from '@berth/control-plane/store/standing.ts';
import { confirmTotp, putUnconfirmedTotp } from '@berth/control-plane/store/totp-factors.ts';
import { AuthService, SecondFactor } from '@berth/proto/api/v1/auth_pb.js';
import { IdentityProvidersService, NewPeople, ProviderCheckResult } from '@berth/proto/api/v1/oidc_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProviderVisit } from '../../support/provider-visit.ts';
import { makeGroup, NAME, type OidcWorld, openOidcWorld, signedIn } from './world.ts';

let world: OidcWorld;
beforeAll(async () => {
  world = await openOidcWorld();
});
afterAll(() => world?.close());
afterEach(() => world.configure({ newPeople: NewPeople.ACTIVE, enabled: true }, ['new_people', 'enabled']));

const whoAmI = async (token: string) =>
  (await createClient(AuthService, world.bench.transport(token)).whoAmI({})).user?.username;
const setEmail = (username: string, email: string, email_verified: number) =>
  world.bench.store.db.updateTable('users').set({ email, email_verified }).where('username', '=', username).execute();

describe('who is found', () => {
  it('makes an account at the first sign-in and finds it again by its subject, whatever else has changed', async () => {
    const claims = {
      preferred_username: 'Gräfin.Ada',
      name: 'Ada Gräfin',
      email: 'Ada@Corp.test',
      email_verified: true,
    };
    world.provider.people.set('sub-1', claims);
    const first = signedIn(await world.signIn('sub-1'));
    expect(first.username).toBe('grafin.ada');
    expect(await whoAmI(first.token)).toBe('grafin.ada');
    expect(await world.person('grafin.ada')).toMatchObject({
      display_name: 'Ada Gräfin',
      email: 'ada@corp.test',
      email_verified: 1,
      password_hash: '',
      status: 'active',
    });
    world.provider.people.set('sub-1', {
      preferred_username: 'somebody.else',
      email: 'olga@corp.test',
      email_verified: true,
    });
    expect(signedIn(await world.signIn('sub-1')).username).toBe('grafin.ada');
    const made = (await world.audited()).filter(({ action }) => action === 'user.create');
    expect(made).toHaveLength(1);
  });

  it('gives login names that are free, and none that systems use themselves', async () => {
    for (const sub of ['r-1', 'r-2']) world.provider.people.set(sub, { preferred_username: 'root' });
    const names = [signedIn(await world.signIn('r-1')).username, signedIn(await world.signIn('r-2')).username];
    expect(names).toEqual(['root-2', 'root-3']);
  });

  it('makes one account of two sign-ins of the same person at once', async () => {
    world.provider.people.set('twice', { preferred_username: 'twice' });
    const both = await Promise.all([world.signIn('twice'), world.signIn('twice')]);
    expect(both.map((end) => signedIn(end).username)).toEqual(['twice', 'twice']);
  });

  it('finds an account by an address that both sides know to be his, and links it', async () => {
    await setEmail('olga', 'olga@corp.test', 1);
    world.provider.people.set('olga-sub', { email: 'OLGA@corp.test', email_verified: true });
    expect(signedIn(await world.signIn('olga-sub')).username).toBe('olga');
    world.provider.people.set('olga-sub', {});
    expect(signedIn(await world.signIn('olga-sub')).username).toBe('olga');
  });

  it('does not hand an account on with its address: a second subject has to be linked by hand', async () => {
    world.provider.people.set('olga-heir', { email: 'olga@corp.test', email_verified: true });
    expect(await world.signIn('olga-heir')).toMatchObject({ reason: 'link_first' });
  });

  it.each([
    ['the provider', { email: 'sam@corp.test', email_verified: false }, 1],
    ['the provider, which says nothing,', { email: 'sam@corp.test' }, 1],
    ['Berth', { email: 'sam@corp.test', email_verified: true }, 0],
  ])(
    'does not believe an address that %s has not verified, nor makes a second account for it',
    async (_, claims, ours) => {
      await setEmail('sam', 'sam@corp.test', ours);
      world.provider.people.set('sam-sub', claims);
      expect(await world.signIn('sam-sub')).toMatchObject({ reason: 'link_first' });
      expect(
        await world.bench.store.db
          .selectFrom('oidc_identities')
          .select('id')
          .where('subject', '=', 'sam-sub')
          .execute(),
      ).toEqual([]);
    },
  );

  it('makes nobody where the provider may not, and says so', async () => {
    await world.configure({ newPeople: NewPeople.REFUSED }, ['new_people']);
    world.provider.people.set('nobody', { preferred_username: 'nobody.yet' });
    expect(await world.signIn('nobody')).toMatchObject({
      reason: 'no_account',
      message: expect.stringContaining('Corp'),
    });
    expect(await world.person('nobody.yet')).toBeUndefined();
  });

  it('makes an account that waits for approval where the provider is set so', async () => {
    await world.configure({ newPeople: NewPeople.PENDING }, ['new_people']);
    world.provider.people.set('waits', { preferred_username: 'waits' });
    for (const _ of ['first', 'again'])
      expect(await world.signIn('waits')).toMatchObject({ reason: 'account_pending' });
    const { status, id } = (await world.person('waits')) ?? {};
    expect(status).toBe('pending');
    await world.bench.store.db
      .updateTable('users')
      .set({ status: 'active' })
      .where('id', '=', id ?? '')
      .execute();
    expect(signedIn(await world.signIn('waits')).username).toBe('waits');
  });
});

describe('groups', () => {
  const groupsOf = async (username: string) => {
    const ids = await groupIdsOf(world.bench.store.db, (await world.person(username))?.id ?? '');
    return ids.map((id) => id.replace('grp-', '')).sort();
  };
  const map = (mappings: Record<string, string>, mayAdminister = false) =>
    world.configure(
      {
        scopes: ['openid', 'profile', 'groups'],
        groupsClaim: 'groups',
        groupMappings: Object.entries(mappings).map(([value, group]) => ({ value, group })),
        mayAdminister,
      },
      ['scopes', 'groups_claim', 'group_mappings', 'may_administer'],
    );

  it('follow what the provider says, those that are mapped and no others', async () => {
    await Promise.all(['staff', 'course', 'club'].map((name) => makeGroup(world, name)));
    await map({ 'cn=staff': 'staff', 'cn=course': 'grp-course' });
    world.provider.people.set('grace', { preferred_username: 'grace', groups: ['cn=staff', 'cn=club'] });
    await world.signIn('grace');
    expect(await groupsOf('grace')).toEqual(['ldapusers', 'staff']);
    const userId = (await world.person('grace'))?.id ?? '';
    await world.bench.store.transaction((tx) => addGroupMember(tx, 'grp-club', { userId }));
    world.provider.people.set('grace', { groups: ['cn=course'] });
    await world.signIn('grace');
    expect(await groupsOf('grace')).toEqual(['club', 'course', 'ldapusers']);
    world.provider.people.set('grace', {});
    await world.signIn('grace');
    expect(await groupsOf('grace')).toEqual(['club', 'ldapusers']);
    const changes = (await world.audited()).filter(({ action }) => action.startsWith('group.'));
    expect(changes.map(({ action, change }) => `${action} ${change.group}`).sort()).toEqual([
      'group.add-member course',
      'group.add-member staff',
      'group.remove-member course',
      'group.remove-member staff',
    ]);
  });

  it('that administer Berth are mapped only where the provider may say who does', async () => {
    await expect(map({ admins: 'sysadmins' })).rejects.toThrow('may not decide');
    await makeGroup(world, 'heads');
    await world.bench.store.transaction((tx) => addGroupMember(tx, SYSADMINS.id, { groupId: 'grp-heads' }));
    await expect(map({ admins: 'heads' })).rejects.toThrow('may not decide');
    await map({ admins: 'heads' }, true);
    world.provider.people.set('hedy', { preferred_username: 'hedy', groups: ['admins'] });
    const { token } = signedIn(await world.signIn('hedy'));
    const { user } = await createClient(AuthService, world.bench.transport(token)).whoAmI({});
    expect(user?.administrator).toBe(true);
  });

  it('do not take the right from the last one who administers, nor can his way in be closed', async () => {
    const { db } = world.bench.store;
    await map({ admins: 'sysadmins' }, true);
    world.provider.people.set('lone', { preferred_username: 'lone', groups: ['admins'] });
    const { token } = signedIn(await world.signIn('lone'));
    const id = (await world.person('lone'))?.id ?? '';
    const others = await db.selectFrom('group_members').selectAll().where('user_id', '!=', id).execute();
    await db.deleteFrom('group_members').where('user_id', '!=', id).execute();
    world.provider.people.set('lone', {});
    await world.signIn('lone');
    expect(await groupsOf('lone')).toEqual(['ldapusers', 'sysadmins']);
    const lone = createClient(IdentityProvidersService, world.bench.transport(token));
    await expect(lone.deleteProvider({ provider: NAME })).rejects.toThrow('nobody who can sign in');
    const update = { provider: { id: world.configured.id }, updateMask: { paths: ['enabled'] } };
    await expect(lone.updateProvider(update)).rejects.toThrow('nobody who can sign in');
    await db.insertInto('group_members').values(others).execute();
    await world.signIn('lone');
    expect(await groupsOf('lone')).toEqual(['ldapusers']);
  });

  it('that have come to administer since they were mapped are left alone', async () => {
    await makeGroup(world, 'later');
    await map({ later: 'later' });
    await world.bench.store.db.updateTable('groups').set({ administrator: 1 }).where('name', '=', 'later').execute();
    world.provider.people.set('late', { preferred_username: 'late', groups: ['later'] });
    await world.signIn('late');
    expect(await groupsOf('late')).toEqual(['ldapusers']);
  });
});

describe('links', () => {
  it('are made by whoever is signed in, and unmade', async () => {
    const { owner, stranger } = world.bench.site;
    world.provider.people.set('sam-own', { preferred_username: 'sam-at-corp' });
    expect(await world.link(stranger, 'sam-own')).toMatchObject({ answer: { outcome: { case: 'linked' } } });
    expect(signedIn(await world.signIn('sam-own')).username).toBe('sam');
    const own = await world.bench.client(IdentityProvidersService, stranger);
    const { identities } = await own.listOwnIdentities({});
    expect(identities).toMatchObject([{ providerDisplayName: 'Corp', subject: 'sam-own' }]);
    expect(await world.link(owner, 'sam-own')).toMatchObject({ reason: 'identity_taken' });
    const others = await world.bench.client(IdentityProvidersService, owner);
    const identity = identities[0]?.id ?? '';
    await expect(others.unlinkIdentity({ identity })).rejects.toThrow('There is no identity');
    await own.unlinkIdentity({ identity });
    expect(signedIn(await world.signIn('sam-own')).username).toBe('sam-at-corp');
  });

  it('stay while they are the only way to sign in', async () => {
    world.provider.people.set('only', { preferred_username: 'only' });
    const { token } = signedIn(await world.signIn('only'));
    const own = createClient(IdentityProvidersService, world.bench.transport(token));
    const identity = (await own.listOwnIdentities({})).identities[0]?.id ?? '';
    await expect(own.unlinkIdentity({ identity })).rejects.toThrow('your only way to sign in');
  });

  it('are not made once the session has ended in which they began', async () => {
    world.provider.people.set('gone', { preferred_username: 'gone' });
    const { token } = signedIn(await world.signIn('gone'));
    const own = createClient(IdentityProvidersService, world.bench.transport(token));
    const { journey } = await own.beginLink({ provider: NAME });
    await createClient(AuthService, world.bench.transport(token)).signOut({});
    if (!journey) throw new Error('no journey');
    const back = await new ProviderVisit().go(journey.authorizationUrl, 'sam-own');
    expect(await world.complete(journey, back.search.slice(1))).toMatchObject({ reason: 'session_ended' });
  });
});

describe('a second factor of ours', () => {
  it('is asked for after the provider, unless the provider is trusted with that', async () => {
    world.provider.people.set('careful', { preferred_username: 'careful' });
    await world.signIn('careful');
    const userId = (await world.person('careful'))?.id ?? '';
    const secret = newTotpSecret();
    await world.bench.store.transaction(async (tx) => {
      await putUnconfirmedTotp(tx, userId, secret);
      await confirmTotp(tx, userId);
    });
    const asked = await world.signIn('careful');
    if (!('answer' in asked) || asked.answer.outcome.case !== 'secondFactor') throw new Error(JSON.stringify(asked));
    const { pendingToken, factors } = asked.answer.outcome.value;
    expect(factors).toEqual([SecondFactor.TOTP]);
    const auth = createClient(AuthService, world.bench.transport(''));
    await expect(auth.completeSignIn({ pendingToken, code: '000000' })).rejects.toThrow();
    const code = totpCode(secret, world.bench.clock.now());
    expect((await auth.completeSignIn({ pendingToken, code })).user?.username).toBe('careful');
    await world.configure({ trustedSecondFactor: true }, ['trusted_second_factor']);
    expect(signedIn(await world.signIn('careful')).username).toBe('careful');
    await world.configure({ trustedSecondFactor: false }, ['trusted_second_factor']);
  });
});

it('is linked and unlinked by nobody who came too long ago to be sure that it is he', async () => {
  const own = await world.bench.client(IdentityProvidersService, world.bench.site.owner);
  world.provider.people.set('left-open', {});
  await world.link(world.bench.site.owner, 'left-open');
  await world.bench.clock.advance(11 * 60_000);
  await expect(own.beginLink({ provider: NAME })).rejects.toThrow('Prove first that it is you');
  const identity = (await own.listOwnIdentities({})).identities.at(-1)?.id ?? '';
  await expect(own.unlinkIdentity({ identity })).rejects.toThrow('Prove first that it is you');
});

it('tells an administrator what a sign-in needs, and whether it is there', async () => {
  const admin = await world.bench.client(IdentityProvidersService, world.bench.site.administrator);
  const results = async () => {
    const { checks } = await admin.testProvider({ provider: NAME });
    return Object.fromEntries(checks.map(({ title, result }) => [title, ProviderCheckResult[result]]));
  };
  expect(await results()).toEqual({
    Configuration: 'GOOD',
    'Sign-in page': 'GOOD',
    Keys: 'GOOD',
    PKCE: 'GOOD',
    'Issuer in answers': 'GOOD',
    Scopes: 'GOOD',
    'Client id and secret': 'GOOD',
  });
  await world.configure({ clientSecret: 'another' }, ['client_secret']);
  expect(await results()).toMatchObject({ 'Client id and secret': 'BAD' });
  await world.configure({ clientSecret: world.provider.client.clientSecret }, ['client_secret']);
  await world.configure({ issuer: `${world.provider.issuer}/elsewhere` }, ['issuer']);
  expect(await results()).toEqual({ Configuration: 'BAD' });
  await world.configure({ issuer: world.provider.issuer }, ['issuer']);
});
