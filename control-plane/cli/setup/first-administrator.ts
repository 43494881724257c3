import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { UsersService } from '@berth/proto/api/v1/people_pb.js';
import { createClient } from '@connectrpc/connect';
import type { Config } from '../../config.ts';
import { localApi, reachable } from '../../host/local-api.ts';
import { saveLogin } from '../client.ts';
import type { Administrator } from './answers.ts';
import { authorityOf } from './standing.ts';

/**
 * Makes the first administrator as anybody does who can read this host's files: by the set-up code.
 * @param login whether this user's `berth` is signed in, too
 * @throws ConnectError with what the control plane refuses
 */
export async function makeAdministrator(config: Config, asked: Administrator, login: boolean) {
  const setupCode = readFileSync(join(config.stateDir, 'setup-code'), 'utf8').trim();
  const { username, password, email } = asked;
  const auth = createClient(AuthService, localApi(config));
  const { token, user } = await auth.createFirstAdministrator({ setupCode, username, password });
  const signedIn = localApi(config, token);
  if (email) {
    const change = { user: { id: user?.id ?? '', email }, updateMask: { paths: ['email'] } };
    await createClient(UsersService, signedIn).updateUser(change);
  }
  if (login) saveLogin({ url: ownUrl(config), token, ca: authorityOf(config) ?? '' });
  else await createClient(AuthService, signedIn).signOut({});
}

/** The server as its own host reaches it, without asking DNS, where its certificate says so. */
function ownUrl({ listen, publicUrl, serverNames }: Config): string {
  const { host, port } = reachable(listen);
  if (!serverNames.includes(host)) return publicUrl;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
