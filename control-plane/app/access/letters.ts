/** What is mailed about requests for access. Whoever has no address, or is not active, gets nothing. */
import { queueMail } from '../../mail/queue-mail.ts';
import type { Row } from '../../store/schema.ts';
import type { GrantedRole } from '../../store/schema-directory.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';

/** The owner hears at most once in this time of one person and one container, in milliseconds. */
const QUIET_MS = 24 * 3_600_000;

interface Named {
  site: Pick<Row<'sites'>, 'id' | 'name'>;
  container: Row<'containers'>;
}

/** Tells the owner that somebody asks for a role in his container. */
export async function tellOwner(
  { enrolment }: AppDeps,
  tx: Tx,
  caller: Caller,
  { site, container }: Named,
  asked: { role: GrantedRole; message: string },
): Promise<void> {
  const owner = await reachable(tx.db, container.owner_id);
  if (!owner || (await askedBefore(tx, caller.userId, container.id))) return;
  const name = `${site.name}/${container.hostname}`;
  const words = asked.message === '' ? '' : `\n${quoted(asked.message)}\n`;
  await queueMail(tx, {
    to: owner.email,
    subject: `${caller.username} asks for access to ${name}`,
    text: `${caller.username} would like to be ${asked.role} of your container ${name}.
${words}
Decide here: ${enrolment.url}/containers/${container.id}/members
`,
  });
}

/** Tells the sender of a request what was decided. */
export async function tellSender(
  { enrolment }: AppDeps,
  tx: Tx,
  request: Row<'access_requests'>,
  { site, container }: Named,
  decided: { role: GrantedRole | undefined; answer: string },
): Promise<void> {
  const sender = await reachable(tx.db, request.user_id);
  if (!sender) return;
  const name = `${site.name}/${container.hostname}`;
  const words = decided.answer === '' ? '' : `\n${quoted(decided.answer)}\n`;
  const outcome = decided.role
    ? `You are ${decided.role} of the container ${name} now: ${enrolment.url}/containers/${container.id}`
    : `Your request for access to ${name} was refused.`;
  const subject = decided.role ? `You have access to ${name}` : `No access to ${name}`;
  await queueMail(tx, { to: sender.email, subject, text: `${outcome}\n${words}` });
}

async function reachable(db: Db, userId: string): Promise<{ email: string } | undefined> {
  const row = await db.selectFrom('users').select(['email', 'status']).where('id', '=', userId).executeTakeFirst();
  return row?.email && row.status === 'active' ? { email: row.email } : undefined;
}

/** Whether a person asked about a container lately, the request just put in not counted. */
async function askedBefore(tx: Tx, userId: string, containerId: string): Promise<boolean> {
  const rows = await tx.db
    .selectFrom('access_requests')
    .select('id')
    .where('user_id', '=', userId)
    .where('container_id', '=', containerId)
    .where('created_at', '>', tx.now - QUIET_MS)
    .execute();
  return rows.length > 1;
}

/** What somebody else wrote, so that nobody takes it for ours. */
function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}
