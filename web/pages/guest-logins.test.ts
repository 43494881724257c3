import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { GuestLoginsService, LoginService } from '@berth/proto/api/v1/guest_logins_pb.js';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { createWeb } from '../app.ts';

const COMMAND = "printf %s '<b>' && BERTH_TOKEN='beg_once' sh";
const asked: LoginService[] = [];

function fakeApi() {
  return createRouterTransport((router) => {
    router.service(AuthService, { whoAmI: () => ({ user: { id: 'usr-1', username: 'ada' } }) });
    router.service(ContainersService, { getContainer: () => ({ container: { id: 'ctr-1', hostname: 'web1' } }) });
    router.service(GuestLoginsService, {
      getGuestLogins: () => ({
        logins: { container: 'ctr-1', offered: true, ldapUris: ['ldaps://b:636'], secretChangedAt: timestampFromMs(0) },
      }),
      createSetupCommand({ loginService }) {
        asked.push(loginService);
        return { setup: { command: COMMAND, caSha256: 'ab', expiresAt: timestampFromMs(0) } };
      },
      rotateBindSecret() {
        throw new ConnectError('You are maintainer of this container; this takes its owner.', Code.PermissionDenied);
      },
    });
  });
}

const web = createWeb({ transportFor: fakeApi, secure: true });
const post = (path: string, fields: Record<string, string>) =>
  web.request(`https://berth.test/containers/ctr-1/logins/${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: 'https://berth.test', cookie: '__Host-berth=good' },
  });

test('shows a command once, escaped, and lets nobody keep it', async () => {
  const answer = await post('command', { service: 'nslcd' });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const page = await answer.text();
  expect(page).toContain('<code>printf %s &#39;&lt;b&gt;&#39; &amp;&amp; BERTH_TOKEN=&#39;beg_once&#39; sh</code>');
  expect(asked).toEqual([LoginService.NSLCD]);
  const again = await web.request('https://berth.test/containers/ctr-1/logins', {
    headers: { cookie: '__Host-berth=good' },
  });
  expect(await again.text()).not.toContain('beg_once');
});

test('says why it does not make a secret worthless', async () => {
  const answer = await post('revoke', {});
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain('this takes its owner');
});
