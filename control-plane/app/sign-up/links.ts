import { LinkKind } from '@berth/proto/api/v1/sign_up_pb.js';
import { AppError, invalid } from '../../errors.ts';
import { linkByToken } from '../../store/mail-links.ts';
import type { Row } from '../../store/schema.ts';
import type { Store } from '../../store/store.ts';
import { userById } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { invitedOf } from './invitation-data.ts';
import { registrationOf } from './registration-data.ts';

type Link = Row<'mail_links'>;

const PATHS: Record<Link['kind'], string> = {
  invitation: 'invitation',
  'password-reset': 'reset-password',
  'email-verification': 'verify-email',
};

const KINDS: Record<Link['kind'], LinkKind> = {
  invitation: LinkKind.INVITATION,
  'password-reset': LinkKind.PASSWORD_RESET,
  'email-verification': LinkKind.EMAIL_VERIFICATION,
};

/** The address of the page that takes a link's token. */
export function linkUrl(publicUrl: string, kind: Link['kind'], token: string): string {
  return `${publicUrl}/${PATHS[kind]}/${token}`;
}

/** What is wrong with a token by its looks. */
export function linkTokenFault(token: string): string | undefined {
  if (token === '') return 'is required';
  return /^bml_[\w-]{43}$/.test(token) ? undefined : 'must be the token of a link, whole';
}

/** The link of a token. @throws AppError "link_void" when it does not work, or not for this */
export async function workingLink(store: Store, token: string, kind?: Link['kind']): Promise<Link> {
  const link = await linkByToken(store.db, token, store.clock.now());
  if (!link || (kind && link.kind !== kind)) throw linkVoid();
  return link;
}

/** The error for a link that was used, has expired or never was. */
export function linkVoid(): AppError {
  const message = 'This link does not work any more: it has been used, or its time is over. Ask for a new one.';
  return new AppError('failed_precondition', {
    reason: 'link_void',
    message,
    violations: [{ field: 'token', description: message }],
  });
}

/** What a link is for. */
export interface LinkView {
  kind: LinkKind;
  email: string;
  username: string;
  displayName: string;
  expiresAt: number;
}

/** Tells what a link is for, without using it up. @throws AppError "link_void" */
export async function inspectLink({ store }: AppDeps, token: string): Promise<LinkView> {
  const fault = linkTokenFault(token);
  if (fault) throw invalid([{ field: 'token', description: fault }]);
  const link = await workingLink(store, token);
  const common = { kind: KINDS[link.kind], email: link.email, expiresAt: link.expires_at };
  if (link.user_id) {
    const user = await userById(store.db, link.user_id);
    return { ...common, username: user?.username ?? '', displayName: user?.display_name ?? '' };
  }
  const { username, displayName } = link.kind === 'invitation' ? invitedOf(link) : registrationOf(link);
  return { ...common, username, displayName };
}
