/** What the access matrix asks of sign-in and of what guards an account; see sample-requests.table.ts. */

import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { recoveryCode } from '@berth/control-plane/auth/recovery-codes.ts';
import { openSession } from '@berth/control-plane/auth/sessions.ts';
import { tokenHash } from '@berth/control-plane/auth/tokens.ts';
import { totpCode } from '@berth/control-plane/auth/totp.ts';
import { insertPasskey } from '@berth/control-plane/store/passkeys.ts';
import { insertPending } from '@berth/control-plane/store/pending-sign-ins.ts';
import { replaceRecoveryCodes } from '@berth/control-plane/store/recovery-codes.ts';
import { confirmTotp, putUnconfirmedTotp } from '@berth/control-plane/store/totp-factors.ts';
import { PASSWORD, type Person } from './people.ts';
import type { Sample } from './sample-requests.table.ts';
import type { World } from './world.ts';

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const CODE = 'abcde-fghjk-mnpqr';
const FIRST_STEP = { rows: 0, because: 'only what completes it changes anything' };

/** Who is to have what a call needs: the person himself, or somebody when nobody calls. */
function ownerOf({ identifiers }: World, { username }: Person): string {
  return identifiers.get(username === '' ? 'sam' : username) ?? '';
}

async function giveSecret(world: World, userId: string, confirmed: boolean): Promise<void> {
  await world.bench.store.transaction(async (tx) => {
    await putUnconfirmedTotp(tx, userId, SECRET);
    if (confirmed) await confirmTotp(tx, userId);
  });
}

async function givePasskey(world: World, person: Person): Promise<Record<string, string>> {
  const id = 'psk-sample';
  await world.bench.store.transaction((tx) =>
    insertPasskey(tx, {
      id,
      user_id: ownerOf(world, person),
      name: 'Sample',
      credential_id: 'AAAA',
      public_key: new Uint8Array([1]),
      sign_count: 0,
      transports: '[]',
      created_at: tx.now,
      last_used_at: null,
    }),
  );
  return { passkey: id };
}

const withSecret = (confirmed: boolean) => async (world: World, person: Person) => {
  await giveSecret(world, ownerOf(world, person), confirmed);
  return { code: totpCode(SECRET, world.bench.clock.now()) };
};

/** The table. */
export const securitySamples: Partial<Record<Rpc, Sample>> = {
  'AuthService.SignIn': { request: { username: 'sam', password: PASSWORD } },
  'AuthService.CompleteSignIn': {
    request: { pendingToken: 'bep_sample', code: CODE },
    prepare: async ({ bench, identifiers }) => {
      const userId = identifiers.get('sam') ?? '';
      await bench.store.transaction(async (tx) => {
        await replaceRecoveryCodes(tx, userId, [tokenHash(recoveryCode(CODE) ?? '')]);
        const over = { kind: 'second-factor', expiresAt: tx.now + 60_000, data: { challenge: '', how: {} } } as const;
        await insertPending(tx, { ...over, userId, tokenHash: tokenHash('bep_sample') });
      });
      return {};
    },
  },
  'SecurityService.Reauthenticate': { request: { password: PASSWORD } },
  'SecurityService.BeginPasskeyProof': { prepare: givePasskey, audit: FIRST_STEP },
  'SecurityService.EndOwnSession': {
    request: { session: '<session>' },
    prepare: async (world, person) => {
      const userId = ownerOf(world, person);
      const from = { userAgent: 'another', address: '192.0.2.2' };
      await world.bench.store.transaction((tx) => openSession(tx, userId, from));
      const newest = world.bench.store.db.selectFrom('sessions').select('id').where('user_agent', '=', 'another');
      return { session: (await newest.executeTakeFirstOrThrow()).id };
    },
  },
  'SecurityService.BeginTotp': { audit: FIRST_STEP },
  'SecurityService.ConfirmTotp': { request: { code: '<code>' }, prepare: withSecret(false) },
  'SecurityService.RemoveTotp': { prepare: withSecret(true) },
  'SecurityService.BeginPasskey': { audit: FIRST_STEP },
  'SecurityService.AddPasskey': {
    reason: 'pending_over',
    audit: { rows: 0, because: 'success wants a device: web-authn.test.ts has one' },
  },
  'SecurityService.RenamePasskey': { prepare: givePasskey },
  'SecurityService.RemovePasskey': { prepare: givePasskey },
  'SecurityService.CreateRecoveryCodes': { prepare: withSecret(true) },
  'SecurityService.GetUserSecurity': { request: { user: 'sam' } },
  'SecurityService.EndUserSessions': { request: { user: 'sam' } },
  'SecurityService.ResetSecondFactors': {
    request: { user: 'sam' },
    prepare: async (world) => {
      await giveSecret(world, world.identifiers.get('sam') ?? '', true);
      return {};
    },
  },
};
