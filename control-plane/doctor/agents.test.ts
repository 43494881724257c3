import { expect, test } from 'vitest';
import { type AgentFact, agentFindings } from './agents.ts';

const NOW = Date.parse('2026-11-30T00:00:00Z');
const WELL: AgentFact = {
  id: 'agt-1',
  name: 'web1',
  roles: ['nginx'],
  state: 'connected',
  version: '0.1.0',
  desiredGeneration: 7,
  acknowledgedGeneration: 7,
  runningGeneration: 7,
  lastSeenAt: NOW - 5_000,
  certificateExpiresAt: NOW + 20 * 3_600_000,
  conditions: [],
};

const look = (...changes: Partial<AgentFact>[]) =>
  agentFindings(
    changes.map((change) => ({ ...WELL, ...change })),
    NOW,
    '0.1.0',
  );

test('an agent that is connected and up to date is well', () => {
  expect(look({})).toEqual([{ check: 'agents', state: 'ok', message: 'web1 (nginx): connected, runs generation 7' }]);
});

test('many that are well are one finding', () => {
  expect(look(...Array.from({ length: 40 }, () => ({})), { state: 'unknown' })).toMatchObject([
    { state: 'ok', message: '40 are connected and run what they should' },
    { state: 'fault' },
  ]);
});

test('nobody having joined is a warning, and who was revoked counts for nothing', () => {
  expect(look()).toMatchObject([{ state: 'warning', message: 'none has joined yet' }]);
  expect(look({ state: 'revoked' })).toMatchObject([{ state: 'warning' }]);
});

test.each<[string, Partial<AgentFact>, string, RegExp]>([
  ['away for long', { state: 'unknown', lastSeenAt: NOW - 3_600_000 }, 'fault', /last heard 60 min ago/],
  ['away for a moment', { state: 'suspect' }, 'warning', /last heard 5 s ago/],
  ['never heard', { state: 'unknown', lastSeenAt: undefined }, 'fault', /was never heard/],
  ['behind', { runningGeneration: 5 }, 'warning', /runs generation 5, holds 7 and should run 7/],
  ['not renewing', { certificateExpiresAt: NOW + 3_600_000 }, 'warning', /ends in 60 min and was not renewed/],
  ['shut out', { certificateExpiresAt: NOW - 86_400_000 }, 'fault', /ended 24 hours ago/],
  ['of another version', { version: '0.0.9' }, 'warning', /is of version 0\.0\.9, the control plane of 0\.1\.0/],
])('an agent that is %s is found', (_what, change, state, message) => {
  const [finding, ...rest] = look(change);
  expect(rest).toEqual([]);
  expect(finding).toMatchObject({ state, message: expect.stringMatching(message), remedy: expect.any(String) });
});

test('what an agent reports is told by its gravity, and not without end', () => {
  const condition = (n: number) => ({
    kind: 'quarantined',
    severity: 'error' as const,
    subject: `route ${n}`,
    message: 'no such host',
  });
  const findings = look({
    conditions: [{ ...condition(0), severity: 'info' }, ...Array.from({ length: 8 }, (_, n) => condition(n))],
  });
  expect(findings).toHaveLength(6);
  expect(findings[0]).toMatchObject({
    state: 'fault',
    message: 'web1 (nginx) reports quarantined: route 0: no such host',
  });
  expect(findings[5]).toMatchObject({ state: 'warning', message: 'web1 (nginx) reports 3 more' });
});

test('an agent that is ahead of a restored control plane is one finding, with the command that confirms', () => {
  const ahead = { kind: 'ahead_of_restore', severity: 'warning' as const, subject: 'restore', message: 'holds more' };
  const findings = look({ runningGeneration: 0, acknowledgedGeneration: 0, conditions: [ahead] });
  expect(findings).toMatchObject([
    { state: 'warning', remedy: expect.stringContaining('berth agent confirm-restore') },
  ]);
});
