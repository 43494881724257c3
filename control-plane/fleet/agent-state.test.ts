import { expect, test } from 'vitest';
import { agentState } from './agent-state.ts';

const at = 1_700_000_000_000;
const minute = 60_000;
const row = { status: 'active' as const, session_id: 'ses-1', last_seen_at: at, created_at: at - minute };

test('goes from connected over suspect to unknown as silence grows', () => {
  expect(agentState(row, at + minute, 0)).toBe('connected');
  expect(agentState(row, at + 2 * minute, 0)).toBe('suspect');
  expect(agentState(row, at + 6 * minute, 0)).toBe('unknown');
  expect(agentState({ ...row, session_id: null }, at + 1_000, 0)).toBe('suspect');
});

test('after a start everybody gets a full period of grace', () => {
  const long = at + 60 * minute;
  expect(agentState({ ...row, session_id: null }, long, 0)).toBe('unknown');
  expect(agentState({ ...row, session_id: null }, long, long - minute)).toBe('suspect');
});

test('one that never came is measured from its joining, and a revoked one is just that', () => {
  const never = { ...row, session_id: null, last_seen_at: null };
  expect(agentState(never, at, 0)).toBe('suspect');
  expect(agentState(never, at + 10 * minute, 0)).toBe('unknown');
  expect(agentState({ ...row, status: 'revoked' }, at, 0)).toBe('revoked');
});
