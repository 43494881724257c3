import {
  type DeleteInvitationRequest,
  InvitationSchema,
  type InviteUserRequest,
  InviteUserRequestSchema,
  type ListInvitationsRequest,
  type ResendInvitationRequest,
} from '@berth/proto/api/v1/sign_up_pb.js';
import { create } from '@bufbuild/protobuf';
import { notFound, taken } from '../../errors.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { invitationMail } from '../../mail/wording.ts';
import { readInstallation } from '../../store/installation.ts';
import { createLink, LINK_MS, type MadeLink, REMEMBER_LINK_MS, renewLink, voidLinks } from '../../store/mail-links.ts';
import { mailStates } from '../../store/outgoing-mails.ts';
import type { Row } from '../../store/schema.ts';
import type { Db, Tx } from '../../store/store.ts';
import { userByEmail, usernames } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findGroup } from '../find.ts';
import { refuseLdapusers } from '../groups/put-into-groups.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { type Page, readPage } from '../page.ts';
import { checkGroups } from '../people/create-user.ts';
import { displayNameFault } from '../people/person-fields.ts';
import { record } from '../record.ts';
import { emailFault, plainEmail } from '../validate/email.ts';
import { newUsernameFault } from '../validate/names.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { type Invited, invitedOf } from './invitation-data.ts';
import { linkUrl } from './links.ts';

type Link = Row<'mail_links'>;

/** An invitation with everything its line shows. */
export interface InvitationView {
  link: Link;
  invited: Invited;
  invitedBy: string;
  /** Names. */
  groups: string[];
  mail: Pick<Row<'outgoing_mails'>, 'state' | 'last_error'> | undefined;
}

/** An invitation just sent; `url` is empty where a mail carries it. */
export interface SentInvitation {
  view: InvitationView;
  url: string;
  mailed: boolean;
  expiresAt: number;
}

/** Invites somebody. @throws AppError "email_taken", "group_not_found" */
export async function inviteUser(deps: AppDeps, caller: Caller, request: InviteUserRequest): Promise<SentInvitation> {
  authorise(caller, 'SignUpService.InviteUser');
  const { email, username, groups, ...asked } = request.invitation ?? create(InvitationSchema);
  const displayName = asked.displayName.normalize('NFC').trim();
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('invitation.email', emailFault(email));
  if (username !== '') found.check('invitation.username', newUsernameFault(username));
  found.check('invitation.display_name', displayNameFault(displayName));
  checkGroups('invitation.groups', groups, found);
  found.refuse();
  let url = '';
  const call = { caller, schema: InviteUserRequestSchema, request };
  const { outcome } = await createOnce(deps.store, call, async (tx) => {
    await refuseKnown(tx, plainEmail(email));
    await voidLinks(tx, 'invitation', plainEmail(email));
    const invited = { username, displayName, groups: await groupIds(tx.db, groups), mailId: '' };
    const link = await createLink(tx, {
      kind: 'invitation',
      userId: null,
      email: plainEmail(email),
      data: JSON.stringify(invited),
      createdBy: caller.userId,
    });
    url = await send(deps, tx, caller, { email: plainEmail(email), invited, link });
    const object = { siteId: null, objectKind: 'invitation', objectId: link.id, objectName: email };
    await record(tx, caller, { ...object, action: 'user.invite', change: { email, username, groups } });
    return { invitation: link.id };
  });
  return sent(deps.store.db, outcome.invitation, url);
}

/** Sends an invitation again with a new link. @throws AppError "invitation_not_found", "email_taken" */
export async function resendInvitation(
  deps: AppDeps,
  caller: Caller,
  request: ResendInvitationRequest,
): Promise<SentInvitation> {
  authorise(caller, 'SignUpService.ResendInvitation');
  const { id, url } = await deps.store.transaction(async (tx) => {
    const open = await findInvitation(tx.db, request.invitation);
    await refuseKnown(tx, open.email);
    const invited = invitedOf(open);
    const link = await renewLink(tx, open, open.data);
    const again = await send(deps, tx, caller, { email: open.email, invited, link });
    const object = { siteId: null, objectKind: 'invitation', objectId: open.id, objectName: open.email };
    await record(tx, caller, { ...object, action: 'user.invite-again', change: { email: open.email } });
    return { id: open.id, url: again };
  });
  return sent(deps.store.db, id, url);
}

/** Makes an invitation worthless. @throws AppError "invitation_not_found" */
export async function deleteInvitation({ store }: AppDeps, caller: Caller, request: DeleteInvitationRequest) {
  authorise(caller, 'SignUpService.DeleteInvitation');
  await store.transaction(async (tx) => {
    const { id, email } = await findInvitation(tx.db, request.invitation);
    await tx.db.deleteFrom('mail_links').where('id', '=', id).execute();
    const object = { siteId: null, objectKind: 'invitation', objectId: id, objectName: email };
    await record(tx, caller, { ...object, action: 'user.uninvite', change: { email } });
  });
}

/** Lists the invitations nobody has accepted, the newest first. */
export async function listInvitations(
  { store }: AppDeps,
  caller: Caller,
  request: ListInvitationsRequest,
): Promise<Page<InvitationView>> {
  authorise(caller, 'SignUpService.ListInvitations');
  const since = store.clock.now() - REMEMBER_LINK_MS;
  const page = await readPage(
    'invitations',
    request,
    (row: Link) => row.id,
    (key, limit) => {
      const query = openInvitations(store.db).where('expires_at', '>', since).orderBy('id', 'desc').limit(limit);
      return (key === undefined ? query : query.where('id', '<', key)).execute();
    },
  );
  return { ...page, rows: await views(store.db, page.rows) };
}

/** Puts the link into a mail, or gives it back where there is none. */
async function send(
  { publicUrl }: AppDeps,
  tx: Tx,
  caller: Caller,
  { email, invited, link }: { email: string; invited: Invited; link: MadeLink },
): Promise<string> {
  const url = linkUrl(publicUrl, 'invitation', link.token);
  const { publicName } = await readInstallation(tx.db);
  const letter = invitationMail({ publicName, url: publicUrl, link: url, by: caller.username });
  const mailId = (await queueMail(tx, { to: email, ...letter, usefulMs: LINK_MS.invitation })) ?? '';
  const data = JSON.stringify({ ...invited, mailId });
  await tx.db.updateTable('mail_links').set({ data }).where('id', '=', link.id).execute();
  return mailId ? '' : url;
}

async function sent(db: Db, id: string, url: string): Promise<SentInvitation> {
  const link = await db.selectFrom('mail_links').selectAll().where('id', '=', id).executeTakeFirst();
  const [view] = link ? await views(db, [link]) : [];
  if (!view) throw notFound('invitation', id);
  return { view, url, mailed: view.invited.mailId !== '', expiresAt: view.link.expires_at };
}

async function findInvitation(db: Db, id: string): Promise<Link> {
  const found = new Violations();
  found.check('invitation', referenceFault(id));
  found.refuse();
  const row = await openInvitations(db).where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound('invitation', id, 'invitation');
  return row;
}

function openInvitations(db: Db) {
  return db.selectFrom('mail_links').selectAll().where('kind', '=', 'invitation').where('used_at', 'is', null);
}

async function views(db: Db, links: readonly Link[]): Promise<InvitationView[]> {
  const invited = links.map(invitedOf);
  const names = await usernames(
    db,
    links.flatMap(({ created_by }) => created_by ?? []),
  );
  const mails = await mailStates(
    db,
    invited.map(({ mailId }) => mailId),
  );
  const ids = invited.flatMap(({ groups }) => groups);
  const groups =
    ids.length === 0 ? [] : await db.selectFrom('groups').select(['id', 'name']).where('id', 'in', ids).execute();
  const groupNames = new Map(groups.map(({ id, name }) => [id, name]));
  return links.map((link, i) => {
    const of = invitedOf(link);
    return {
      link,
      invited: of,
      invitedBy: names.get(link.created_by ?? '') ?? '',
      groups: of.groups.flatMap((id) => groupNames.get(id) ?? []),
      mail: mails.get(invited[i]?.mailId ?? ''),
    };
  });
}

async function groupIds(db: Db, references: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, reference] of references.entries()) {
    const group = await findGroup(db, reference, `invitation.groups[${i}]`);
    refuseLdapusers(group, `invitation.groups[${i}]`);
    ids.push(group.id);
  }
  return [...new Set(ids)];
}

async function refuseKnown(tx: Tx, email: string): Promise<void> {
  const known = await userByEmail(tx.db, email);
  if (known?.email_verified) {
    throw taken('email_taken', 'invitation.email', `${known.username} has the address "${email}" already.`);
  }
}
