/**
 * What guests themselves ask for. A guest shows a set-up token once, and from then on its bind secret, with which it
 * gets its settings anew and, when it is due, its next secret.
 */
import { AppError } from '../../errors.ts';
import { audit } from '../../store/audit.ts';
import {
  bindSecretFits,
  confirmBindSecret,
  containerBind,
  isCurrentSecret,
  renewBindSecret,
} from '../../store/container-binds.ts';
import { containerById } from '../../store/containers.ts';
import { useSetupToken } from '../../store/guest-setup-tokens.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import { guestSettings, offeredLogins } from './settings.ts';

/** After how long a guest is given a new secret. */
const ROTATE_MS = 30 * 24 * 3_600_000;

/** Settings by name; SECRET among them when there is a new one. */
export type GuestSettings = Record<string, string>;

/** A guest and the secret it shows. */
export interface ShownSecret {
  container: string;
  secret: string;
}

/** Exchanges a set-up token for settings and a secret. @throws AppError "bad_setup_token" */
export async function redeemSetupToken(deps: AppDeps, from: AnonymousCaller, token: string): Promise<GuestSettings> {
  const logins = offeredLogins(deps);
  const settings = await deps.store.transaction(async (tx) => {
    const used = await useSetupToken(tx, token);
    const container = used && (await containerById(tx.db, used.container_id));
    if (!used || !container) return undefined;
    const secret = await renewBindSecret(tx, container.id, 'current');
    await recordAnonymous(tx, from, used.created_by, {
      action: 'container.logins.set-up',
      siteId: container.site_id,
      objectKind: 'container',
      objectId: container.id,
    });
    return { ...guestSettings(logins, container.id), SECRET: secret };
  });
  if (settings) return settings;
  throw new AppError('unauthenticated', {
    reason: 'bad_setup_token',
    message: 'This command was used already or is too old; ask for a new one on the container page.',
  });
}

/**
 * Settings anew, and the next secret when it is due, when the guest asks for it, or when it shows a former one: then
 * it never got the current.
 * @throws AppError "bad_bind_secret"
 */
export async function syncGuest(
  deps: AppDeps,
  from: AnonymousCaller,
  shown: ShownSecret,
  now: boolean,
): Promise<GuestSettings> {
  const logins = offeredLogins(deps);
  return deps.store.transaction(async (tx) => {
    const bind = await requireBind(tx, shown);
    const settings = guestSettings(logins, bind.container_id);
    const due = now || !isCurrentSecret(bind, shown.secret) || bind.rotated_at + ROTATE_MS <= tx.now;
    if (!due) return settings;
    const secret = await renewBindSecret(tx, bind.container_id, { secret: shown.secret });
    await audit(tx, {
      userId: null,
      action: 'container.logins.rotate',
      siteId: (await containerById(tx.db, bind.container_id))?.site_id ?? null,
      objectKind: 'container',
      objectId: bind.container_id,
      change: {},
      requestId: from.requestId,
      address: from.address,
    });
    return { ...settings, SECRET: secret };
  });
}

/** The guest keeps the secret it shows: the former one ends soon. @throws AppError "bad_bind_secret" */
export async function confirmGuest({ store }: AppDeps, shown: ShownSecret): Promise<void> {
  await store.transaction(async (tx) => {
    const bind = await requireBind(tx, shown);
    if (isCurrentSecret(bind, shown.secret)) await confirmBindSecret(tx, bind);
  });
}

async function requireBind(tx: Tx, { container, secret }: ShownSecret): Promise<Row<'container_binds'>> {
  const bind = await containerBind(tx.db, container);
  if (bind && bindSecretFits(bind, secret, tx.now)) return bind;
  throw new AppError('unauthenticated', {
    reason: 'bad_bind_secret',
    message: 'This is not the secret of this container (any more); ask for a new command on the container page.',
  });
}
