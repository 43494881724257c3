import type { CreatePasswordResetLinkRequest } from '@berth/proto/api/v1/people_pb.js';
import { createLink, voidLinksOf } from '../../store/mail-links.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { record } from '../record.ts';
import { linkUrl } from '../sign-up/links.ts';
import { activeUser } from '../sign-up/reset-password.ts';

/**
 * Makes a link for a new password that an administrator hands over himself, as where no mail is set up or where the
 * person has no address. @throws AppError "account_not_active"
 */
export async function createPasswordResetLink(
  { store, publicUrl }: AppDeps,
  caller: Caller,
  request: CreatePasswordResetLinkRequest,
): Promise<{ url: string; expiresAt: number }> {
  authorise(caller, 'UsersService.CreatePasswordResetLink');
  return store.transaction(async (tx) => {
    const { id, email } = activeUser(await findUser(tx.db, request.user, 'user'));
    await voidLinksOf(tx, 'password-reset', id);
    const link = await createLink(tx, {
      kind: 'password-reset',
      userId: id,
      email: email ?? '',
      data: '{}',
      createdBy: caller.userId,
    });
    await record(tx, caller, { action: 'user.reset-link', siteId: null, objectKind: 'user', objectId: id });
    return { url: linkUrl(publicUrl, 'password-reset', link.token), expiresAt: link.expiresAt };
  });
}
