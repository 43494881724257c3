import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, expect, it } from 'vitest';
import { identitiesOfUser, identityCounts, identityOf, insertIdentity } from './oidc-identities.ts';
import { insertJourney, journeyOf, useJourney } from './oidc-journeys.ts';
import { clientSecret, deleteProvider, insertProvider, providerByReference, updateProvider } from './oidc-providers.ts';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

const KEY = new Uint8Array(32).fill(3);
const SUBJECT = { issuer: 'https://id.test', subject: 'Sub-1' };
const PROVIDER = {
  id: 'idp-1',
  name: 'corp',
  display_name: 'Corp',
  issuer: SUBJECT.issuer,
  client_id: 'berth',
  client_secret: 'very secret',
  scopes: 'openid',
  groups_claim: '',
  group_mapping: '[]',
  create_users: 0,
  enabled: 1,
  created_at: 1,
  updated_at: 1,
};

describeEachDialect('identity providers in the store', (create) => {
  let store: Store;
  const open = async () => {
    store = await openStore({ url: (await create()).url, masterKey: KEY });
    await seedSite(store);
    await store.transaction((tx) => insertProvider(tx, PROVIDER));
    return store;
  };
  afterEach(() => store.close());

  it('keep our secret sealed, also when it is changed', async () => {
    const { db, secrets } = await open();
    const read = async () => {
      const row = await providerByReference(db, 'corp');
      if (!row) throw new Error('no provider');
      expect(Buffer.from(row.client_secret_box).toString('latin1')).not.toContain('secret');
      return clientSecret(secrets, row);
    };
    expect(await read()).toBe('very secret');
    await store.transaction((tx) => updateProvider(tx, 'idp-1', { client_secret: 'another secret', enabled: 0 }));
    expect(await read()).toBe('another secret');
  });

  it('link a subject to one account, and lose their links when they go', async () => {
    const { db } = await open();
    const link = { ...SUBJECT, userId: 'usr-1', providerId: 'idp-1', used: true };
    await store.transaction((tx) => insertIdentity(tx, link));
    const again = store.transaction((tx) => insertIdentity(tx, link));
    await expect(again).rejects.toMatchObject({ constraint: 'oidc_identities_subject' });
    expect(await identityOf(db, SUBJECT)).toMatchObject({ user_id: 'usr-1' });
    expect(await identityOf(db, { ...SUBJECT, subject: 'sub-1' })).toBeUndefined();
    expect(await identitiesOfUser(db, 'usr-1')).toMatchObject([{ display_name: 'Corp', subject: 'Sub-1' }]);
    expect(await identityCounts(db, ['idp-1'])).toEqual(new Map([['idp-1', 1]]));
    await store.transaction((tx) => deleteProvider(tx, 'idp-1'));
    expect(await identitiesOfUser(db, 'usr-1')).toEqual([]);
  });

  it('let a journey be used by one of many who come at once', async () => {
    const { db, secrets, clock } = await open();
    const data = { providerId: 'idp-1', nonce: 'n', verifier: 'v', browserHash: 'b', next: '/containers' };
    const stateHash = 'a'.repeat(64);
    const expiresAt = clock.now() + 60_000;
    await store.transaction((tx) => insertJourney(tx, { stateHash, userId: 'usr-1', expiresAt, data }));
    const journey = await journeyOf(db, secrets, stateHash, expiresAt - 1);
    expect(journey).toMatchObject({ ...data, userId: 'usr-1' });
    expect(await journeyOf(db, secrets, stateHash, expiresAt)).toBeUndefined();
    const uses = Array.from({ length: 8 }, () => store.transaction((tx) => useJourney(tx, journey?.id ?? '')));
    expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
  });
});
