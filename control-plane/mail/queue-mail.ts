/**
 * Mail leaves in two steps. Whoever has something to say queues it in the transaction of the change that it tells of,
 * so that neither is there without the other; the outbox of some replica sends it a moment later and tries again until
 * the mail server takes it. A mail killed between being sent and being written down as sent goes out a second time, with
 * the same Message-ID, so that whoever looks can tell.
 */
import { newId } from '../ids.ts';
import type { Tx } from '../store/store.ts';
import { sealLetter } from './letter.ts';
import { readMailSettings } from './mail-settings.ts';

const HOUR = 3_600_000;
/** How long a mail is tried, in milliseconds, unless it is of no use so long. */
export const KEEP_TRYING_MS = 24 * HOUR;
const MAX_SUBJECT = 200;

/** A mail to one person. */
export interface Mail {
  /** One address, as `emailFault` takes it. */
  to: string;
  /** One line; control characters become spaces, and what is too long is cut. */
  subject: string;
  /** Plain text. */
  text: string;
  /** How long it is of use, in milliseconds: a link that works for an hour need not arrive tomorrow. */
  usefulMs?: number;
}

/**
 * Queues a mail in the transaction of the change it tells of.
 * @returns its identifier; undefined when mail is not set up, and then nothing is kept
 */
export async function queueMail(tx: Tx, mail: Mail): Promise<string | undefined> {
  const [id] = await queueMails(tx, [mail]);
  return id;
}

const BATCH = 100;

/** Queues many mails, as `queueMail` does one. @returns their identifiers, none when mail is not set up */
export async function queueMails(tx: Tx, mails: readonly Mail[]): Promise<string[]> {
  const { host, senderAddress } = await readMailSettings(tx.db);
  if (host === '' || mails.length === 0) return [];
  const rows = mails.map((mail) => rowOf(tx, mail, senderAddress));
  for (let i = 0; i < rows.length; i += BATCH) {
    await tx.db
      .insertInto('outgoing_mails')
      .values(rows.slice(i, i + BATCH))
      .execute();
  }
  tx.nudge({ kind: 'mail', id: '' });
  return rows.map(({ id }) => id);
}

function rowOf(tx: Tx, { to, subject, text, usefulMs = KEEP_TRYING_MS }: Mail, sender: string) {
  const id = newId('mil', tx.now);
  const messageId = `<${id}@${sender.slice(sender.lastIndexOf('@') + 1)}>`;
  const until = tx.now + Math.min(usefulMs, KEEP_TRYING_MS);
  return {
    id,
    recipient: to,
    subject: oneLine(subject),
    body_box: sealLetter(tx.secrets, id, { text, messageId, until }),
    state: 'queued' as const,
    next_attempt_at: tx.now,
    last_error: '',
    created_at: tx.now,
    sent_at: null,
  };
}

/** A line that no header can be smuggled into. */
function oneLine(subject: string): string {
  const line = subject.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ').trim();
  return [...line].slice(0, MAX_SUBJECT).join('');
}
