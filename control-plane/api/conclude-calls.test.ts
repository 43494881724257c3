import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { inLogScope, logFields } from '@berth/proto/contract/log-scope.ts';
import { ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { requestIdKey } from './caller-context.ts';
import { concludeCalls, type EndedCall } from './conclude-calls.ts';
import { shapeErrors } from './errors.ts';

it('what nobody expected is told by a number, under which the log has the rest', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, mixin: logFields }, { write: (line) => lines.push(JSON.parse(line)) });
  const calls: EndedCall[] = [];
  const identify = (next: Parameters<ReturnType<typeof shapeErrors>>[0]) => (request: Parameters<typeof next>[0]) => {
    request.contextValues.set(requestIdKey, 'req-1');
    return inLogScope({ requestId: 'req-1' }, () => next(request));
  };
  const interceptors = [identify, concludeCalls({ log, onCall: (call) => calls.push(call) }, 'api'), shapeErrors(log)];
  const transport = createRouterTransport(
    (router) =>
      router.service(AuthService, {
        getSetupState: () => {
          throw new Error('secret detail');
        },
      }),
    { router: { interceptors } },
  );
  const failure = await createClient(AuthService, transport)
    .getSetupState({})
    .catch((error: unknown) => ConnectError.from(error));
  if (!(failure instanceof ConnectError)) throw new Error('it did not fail');
  expect(failure.rawMessage).toBe('Something unexpected went wrong. Tell your administrator this number: req-1');
  expect(failure.findDetails(ErrorDetailSchema)[0]).toMatchObject({ reason: 'internal', requestId: 'req-1' });
  expect(JSON.stringify(failure)).not.toContain('secret detail');
  expect(lines.map(({ msg, requestId, code }) => [msg, requestId, code])).toEqual([
    ['a call failed unexpectedly', 'req-1', undefined],
    ['call', 'req-1', 'internal'],
  ]);
  expect(JSON.stringify(lines[0])).toContain('secret detail');
  expect(calls).toMatchObject([
    { rpc: 'AuthService.GetSetupState', code: 'internal', reason: 'internal', stream: false },
  ]);
});
