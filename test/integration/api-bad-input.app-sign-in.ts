/** Bad values for sign-in before apps; see api-bad-input.table.ts. */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { type BadInputs, listed, REFERENCE } from './api-bad-input.values.ts';

const PATH = [
  '',
  'page',
  '//evil.example/',
  '/\\evil.example/',
  '/a\nb',
  '/a b',
  '/ä',
  `/${'x'.repeat(600)}`,
  'https://evil.example/',
];
const STATE = ['', 'short', 'with spaces in between it', `a${'\n'.repeat(30)}`, 'x'.repeat(65)];

/** The rows of AppSignInService. */
export const appSignInBadInputs = {
  'AppSignInService.BeginAppSignIn': {
    good: { host: 'web1.apps.lab', path: '/page?a=1', state: 'A'.repeat(22) },
    bad: {
      host: [...REFERENCE, 'evil.example', 'web1.apps.lab:8443', 'web1.apps.lab/', 'WEB1.apps.lab'],
      path: PATH,
      state: STATE,
    },
  },
  'AppSignInService.ListOwnAppSignIns': listed(),
} satisfies Partial<Record<Rpc, BadInputs>>;
