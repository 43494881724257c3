import { webcrypto } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { rootCertificate } from '../certificates/root-certificate.ts';
import { authorityFindings } from './authority.ts';

const NOW = Date.parse('2026-11-30T00:00:00Z');
const YEAR_MS = 365 * 86_400_000;
let pem: string;

beforeAll(async () => {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  pem = (await rootCertificate('Berth authority', keys, NOW)).toString('pem');
});

test.each([
  [0, 'ok', 'that of agents has 3650 days left'],
  [9.5, 'warning', 'that of agents has 183 days left'],
  [11, 'fault', 'that of agents ended 365 days ago'],
  [-1, 'fault', 'the authority of agents is valid only in 365 days: this clock is behind'],
])('an authority after %d years is %s', (years, state, message) => {
  expect(authorityFindings([{ of: 'agents', pem }], NOW + years * YEAR_MS)).toMatchObject([{ state, message }]);
});
