import { AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { ContainerState, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { IdentityProvidersService } from '@berth/proto/api/v1/oidc_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { createWeb } from './app.ts';
import type { Visitor } from './session.ts';

const HOSTILE = '"><script>alert(1)</script>';

/** The API as the pages see it, for one signed-in person whose token is "good". */
function fakeApi({ token }: Visitor) {
  const signedIn = () => {
    if (token !== 'good') throw new ConnectError('Sign in.', Code.Unauthenticated);
  };
  return createRouterTransport((router) => {
    router.service(AuthService, {
      getSetupState: () => ({ setupRequired: false }),
      signIn: ({ password }) => {
        if (password !== 'right') throw new ConnectError('Name or password is wrong.', Code.Unauthenticated);
        return { token: 'good', expiresAt: timestampFromMs(Date.now() + 3_600_000) };
      },
      whoAmI: () => {
        signedIn();
        return { user: { id: 'usr-1', username: 'ada', administrator: true } };
      },
    });
    router.service(ContainersService, {
      listContainers: () => ({
        containers: [{ id: 'ctr-1', hostname: 'web1', owner: HOSTILE, state: ContainerState.RUNNING }],
      }),
      createContainer: () => {
        const detail = { fieldViolations: [{ field: 'container.hostname', description: 'is no host name' }] };
        throw new ConnectError('refused', Code.InvalidArgument, undefined, [
          { desc: ErrorDetailSchema, value: detail },
        ]);
      },
    });
    router.service(SitesService, { listSites: () => ({ sites: [{ name: 'lab' }] }) });
    router.service(DomainsService, { listDomains: () => ({ domains: [{ name: 'apps.lab' }] }) });
    router.service(AgentsService, {});
    router.service(IdentityProvidersService, { listSignInProviders: () => ({ providers: [] }) });
  });
}

const web = (secure = true) => createWeb({ transportFor: fakeApi, secure });
const form = (fields: Record<string, string>, headers: Record<string, string> = {}) => ({
  method: 'POST',
  body: new URLSearchParams(fields),
  headers: { origin: 'https://berth.test', ...headers },
});
const COOKIE = { cookie: '__Host-berth=good' };

describe('sign-in', () => {
  test('leads strangers to the sign-in page and back', async () => {
    const answer = await web().request('https://berth.test/containers');
    expect(answer.headers.get('location')).toBe('/sign-in?next=%2Fcontainers');
  });

  test('starts a session in a cookie that no script, other host or cross-site form can use', async () => {
    const answer = await web().request(
      'https://berth.test/sign-in',
      form({ username: 'ada', password: 'right', next: '/agents' }),
    );
    expect(answer.headers.get('location')).toBe('/agents');
    const cookie = answer.headers.get('set-cookie') ?? '';
    for (const part of ['__Host-berth=good', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
      expect(cookie).toContain(part);
  });

  test.each(['//evil.test', 'https://evil.test', '/\\evil.test', 'javascript:alert(1)'])(
    'does not lead to %s',
    async (next) => {
      const answer = await web().request(
        'https://berth.test/sign-in',
        form({ username: 'ada', password: 'right', next }),
      );
      expect(answer.headers.get('location')).toBe('/containers');
    },
  );

  test('says that name or password is wrong, and keeps the name', async () => {
    const answer = await web().request('https://berth.test/sign-in', form({ username: HOSTILE, password: 'wrong' }));
    const text = await answer.text();
    expect(answer.status).toBe(401);
    expect(text).toContain('Name or password is wrong.');
    expect(text).not.toContain('<script>alert');
  });
});

describe('pages', () => {
  test('show what people typed as text, never as HTML', async () => {
    const text = await (await web().request('https://berth.test/containers', { headers: COOKIE })).text();
    expect(text).toContain('web1');
    expect(text).not.toContain('<script>alert');
    expect(text).toContain('&lt;script&gt;');
  });

  test('a form shows the error at its field', async () => {
    const answer = await web().request('https://berth.test/containers/new', form({ hostname: 'X' }, COOKIE));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/id="hostname"[\s\S]*aria-invalid="true"[\s\S]*is no host name/);
  });

  test('refuse forms from elsewhere', async () => {
    const foreign = form({ hostname: 'x' }, { ...COOKIE, origin: 'https://evil.test' });
    expect((await web().request('https://berth.test/containers/new', foreign)).status).toBe(403);
  });

  test('allow nothing from other hosts and no inline scripts', async () => {
    const answer = await web().request('https://berth.test/sign-in');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
  });

  test('what is not there is said in a page', async () => {
    const answer = await web().request('https://berth.test/nowhere', { headers: COOKIE });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('There is no such page.');
  });
});
