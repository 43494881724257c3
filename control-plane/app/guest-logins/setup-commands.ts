import {
  type CreateSetupCommandRequest,
  type GetGuestLoginsRequest,
  LoginService,
  type RotateBindSecretRequest,
} from '@berth/proto/api/v1/guest_logins_pb.js';
import { invalid } from '../../errors.ts';
import { setupCommand } from '../../guest-logins/setup-command.ts';
import { containerBind, renewBindSecret } from '../../store/container-binds.ts';
import { createSetupToken } from '../../store/guest-setup-tokens.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps, LoginsPort } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { refuseUnready } from '../containers/power.ts';
import { findContainer } from '../find.ts';
import { record } from '../record.ts';
import { offeredLogins } from './settings.ts';

const TOKEN_MS = 15 * 60_000;

const SERVICES: Record<LoginService, 'sssd' | 'nslcd' | undefined> = {
  [LoginService.UNSPECIFIED]: undefined,
  [LoginService.SSSD]: 'sssd',
  [LoginService.NSLCD]: 'nslcd',
};

/** A command as it is shown, once. */
export interface ShownCommand {
  command: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** How a container asks the directory. */
export interface GuestLoginsView {
  container: Row<'containers'>;
  bind: Row<'container_binds'> | undefined;
}

/** Reads how a container asks the directory. */
export async function getGuestLogins(
  { store }: AppDeps,
  caller: Caller,
  request: GetGuestLoginsRequest,
): Promise<GuestLoginsView> {
  const rpc = 'GuestLoginsService.GetGuestLogins';
  const container = await findContainer(store.db, caller, request.container, 'container', rpc);
  return { container, bind: await containerBind(store.db, container.id) };
}

/** Makes a command that sets up logins in a container. @throws AppError "container_not_ready", "logins_not_offered" */
export async function createSetupCommandVerb(
  deps: AppDeps,
  caller: Caller,
  request: CreateSetupCommandRequest,
): Promise<ShownCommand> {
  checkService(request.loginService);
  return deps.store.transaction(async (tx) => {
    const rpc = 'GuestLoginsService.CreateSetupCommand';
    const container = await findContainer(tx.db, caller, request.container, 'container', rpc);
    const logins = offeredLogins(deps);
    refuseUnready(container);
    return shown(tx, caller, container, { logins, request, action: 'container.logins.invite' });
  });
}

/** Makes a container's secret worthless at once, and a command that gives it a new one. */
export async function rotateBindSecretVerb(
  deps: AppDeps,
  caller: Caller,
  request: RotateBindSecretRequest,
): Promise<ShownCommand> {
  checkService(request.loginService);
  return deps.store.transaction(async (tx) => {
    const rpc = 'GuestLoginsService.RotateBindSecret';
    const container = await findContainer(tx.db, caller, request.container, 'container', rpc);
    const logins = offeredLogins(deps);
    refuseUnready(container);
    // Nobody hears this one: nothing binds until the command below has run.
    await renewBindSecret(tx, container.id, 'nothing');
    return shown(tx, caller, container, { logins, request, action: 'container.logins.revoke' });
  });
}

function checkService(service: LoginService): void {
  if (service in SERVICES) return;
  throw invalid([{ field: 'login_service', description: 'It is SSSD, nslcd, or nothing for what suits the guest.' }]);
}

interface Shown {
  logins: LoginsPort;
  request: { loginService: LoginService };
  action: string;
}

async function shown(
  tx: Tx,
  caller: Caller,
  container: Row<'containers'>,
  { logins, request, action }: Shown,
): Promise<ShownCommand> {
  const expiresAt = tx.now + TOKEN_MS;
  const token = await createSetupToken(tx, { containerId: container.id, createdBy: caller.userId, expiresAt });
  await record(tx, caller, {
    action,
    siteId: container.site_id,
    objectKind: 'container',
    objectId: container.id,
    change: { expiresAt },
  });
  const { url, caPem } = logins;
  return { command: setupCommand({ url, caPem, token, with: SERVICES[request.loginService] }), expiresAt };
}
