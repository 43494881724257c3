import { SecondFactor, type SecondFactorChallenge, SecondFactorChallengeSchema } from '@berth/proto/api/v1/auth_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Challenge } from '../app/sign-in/open-or-ask.ts';
import type { FactorKind } from '../auth/second-factors.ts';

const FACTORS: Record<FactorKind, SecondFactor> = {
  totp: SecondFactor.TOTP,
  passkey: SecondFactor.PASSKEY,
  'recovery-code': SecondFactor.RECOVERY_CODE,
};

/** A question for a second factor. */
export function challengeShape({ factors, expiresAt, ...rest }: Challenge): SecondFactorChallenge {
  return create(SecondFactorChallengeSchema, {
    ...rest,
    factors: factors.map((kind) => FACTORS[kind]),
    expiresAt: timestampFromMs(expiresAt),
  });
}
