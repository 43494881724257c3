import { expect, it } from 'vitest';
import { acceptedRequestId, currentRequestId, inLogScope, logFields, outsideLogScope } from './log-scope.ts';

it('a scope reaches all that is waited for within it, and nothing beside it', async () => {
  const seen: (string | undefined)[] = [];
  const work = async () => {
    await Promise.resolve();
    seen.push(currentRequestId());
    outsideLogScope(() => seen.push(currentRequestId()));
  };
  await Promise.all([
    inLogScope({ requestId: 'one' }, work),
    inLogScope({ requestId: 'two', work: 'b' }, work),
    work(),
  ]);
  expect(seen.sort()).toEqual(['one', 'two', undefined, undefined, undefined, undefined]);
  expect(logFields()).toEqual({});
  expect(inLogScope({ requestId: 'three', operation: 'opn-1' }, logFields)).toEqual({
    requestId: 'three',
    operation: 'opn-1',
  });
});

it('a request id is taken from callers only where it is short and plain', () => {
  for (const good of ['a', 'req-01JF.x_y', 'x'.repeat(64)]) expect(acceptedRequestId(good)).toBe(good);
  const bad = ['', 'x'.repeat(65), 'a b', 'a\nb', 'ä', '"', ['a', 'b'], undefined];
  for (const other of bad) expect(acceptedRequestId(other)).toBeUndefined();
});
