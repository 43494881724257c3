import type { AppSignInService } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { appUrl } from '../app/app-sign-in/app-path.ts';
import { beginAppSignIn } from '../app/app-sign-in/begin-app-sign-in.ts';
import { listOwnAppSignIns } from '../app/app-sign-in/list-app-sign-ins.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

/** Sign-in before apps. */
export function appSignInHandlers({ app }: ApiDeps): ServiceImpl<typeof AppSignInService> {
  return {
    async beginAppSignIn(request, context) {
      return { location: await beginAppSignIn(app, callerOf(context), request) };
    },
    async listOwnAppSignIns(request, context) {
      const { rows, nextPageToken } = await listOwnAppSignIns(app, callerOf(context), request);
      const apps = rows.map(({ host, created_at: since }) => ({
        host,
        since: timestampFromMs(since),
        url: appUrl(app, host, '/'),
      }));
      return { apps, nextPageToken };
    },
  };
}
