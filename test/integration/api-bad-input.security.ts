/** Bad values for what guards an account; see api-bad-input.table.ts. */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { type BadInputs, named, nothing, REFERENCE } from './api-bad-input.values.ts';

const PENDING_TOKEN = ['', 'bep_unknown', 'a\nb', 'x'.repeat(101)];
const CODE = ['', '12345', '1234567', 'abcdef', '１２３４５６', 'x'.repeat(5_000)];
const PASSKEY_RESPONSE = ['x', '{}', '[]', 'null', `{"id":"${'A'.repeat(40_000)}"}`];
const PASSKEY_NAME = ['', ' ', 'a\nb', 'a\0b', 'x'.repeat(101)];
/** Right in its shape alone. */
const REGISTRATION = JSON.stringify({
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: { clientDataJSON: 'AAAA', attestationObject: 'AAAA' },
});

/** The rows of SecurityService and of the second step of a sign-in. */
export const securityBadInputs = {
  'AuthService.CompleteSignIn': {
    good: { pending_token: 'bep_x', code: '123456' },
    bad: { pending_token: PENDING_TOKEN, code: CODE, passkey_response: PASSKEY_RESPONSE },
  },
  'SecurityService.GetOwnSecurity': nothing,
  'SecurityService.Reauthenticate': {
    good: { code: '123456' },
    bad: {
      password: ['one proof too many'],
      code: CODE,
      pending_token: ['without a passkey'],
      passkey_response: PASSKEY_RESPONSE,
    },
  },
  'SecurityService.BeginPasskeyProof': nothing,
  'SecurityService.ListOwnSessions': nothing,
  'SecurityService.EndOwnSession': named('session', '<session>'),
  'SecurityService.EndOtherSessions': nothing,
  'SecurityService.BeginTotp': nothing,
  'SecurityService.ConfirmTotp': { good: { code: '123456' }, bad: { code: CODE } },
  'SecurityService.RemoveTotp': nothing,
  'SecurityService.SetLoginTotp': { good: { enabled: false }, bad: {}, free: ['enabled'] },
  'SecurityService.BeginPasskey': nothing,
  'SecurityService.AddPasskey': {
    good: { pending_token: 'bep_x', passkey_response: REGISTRATION, name: 'Key' },
    bad: { pending_token: PENDING_TOKEN, passkey_response: ['', ...PASSKEY_RESPONSE], name: PASSKEY_NAME },
  },
  'SecurityService.RenamePasskey': {
    good: { passkey: '<passkey>', name: 'Key' },
    bad: { passkey: REFERENCE, name: PASSKEY_NAME },
  },
  'SecurityService.RemovePasskey': named('passkey', '<passkey>'),
  'SecurityService.CreateRecoveryCodes': nothing,
  'SecurityService.GetUserSecurity': named('user', 'ada'),
  'SecurityService.EndUserSessions': named('user', 'ada'),
  'SecurityService.ResetSecondFactors': named('user', 'ada'),
} satisfies Partial<Record<Rpc, BadInputs>>;
