/** Sends one mail by SMTP, on a connection of its own. */
import { connect, isIP, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { MailAccount, MailSettings } from './mail-settings.ts';

/** A mail ready to go. */
export interface OutgoingMail {
  recipient: string;
  subject: string;
  /** Plain text. */
  text: string;
  /** With angle brackets. */
  messageId: string;
  /** What the sender calls itself. */
  senderName: string;
}

/** What came of it, in the mail server's own words. */
export type Delivery =
  | { kind: 'sent'; answer: string }
  /** The server takes this mail never, or not now. */
  | { kind: 'refused' | 'deferred'; words: string }
  /** No mail gets through: not reached, no TLS, signing in refused. */
  | { kind: 'unreachable'; words: string };

/** A way to send mail. Never rejects; ends soon after the signal is aborted. */
export type SendMail = (account: MailAccount, mail: OutgoingMail, signal: AbortSignal) => Promise<Delivery>;

const PORTS: Record<MailSettings['security'], number> = { starttls: 587, tls: 465, none: 25 };
/** How long each step may take, in milliseconds; the whole is bounded by the signal. */
const STEP_MS = 20_000;

/** The port that settings mean. */
export function portOf({ port, security }: MailSettings): number {
  return port || PORTS[security];
}

/** Sends by SMTP. */
export const sendBySmtp: SendMail = async (account, mail, signal) => {
  const transport = createTransport(transportOptions(account));
  try {
    const { response } = await transport.sendMail({
      from: { name: mail.senderName, address: account.senderAddress },
      to: { name: '', address: mail.recipient },
      subject: mail.subject,
      text: mail.text,
      messageId: mail.messageId,
      // No holiday notice answers this.
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
      signal,
    });
    return { kind: 'sent', answer: response };
  } catch (error) {
    return deliveryOf(signal.aborted ? signal.reason : error);
  }
};

function transportOptions(account: MailAccount) {
  const { host, security, username, password, caPem } = account;
  return {
    host,
    port: portOf(account),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(username && { auth: { user: username, pass: password }, forceAuth: true }),
    tls: {
      minVersion: 'TLSv1.2' as const,
      ...(isIP(host) ? {} : { servername: host }),
      ...(caPem && { ca: caPem }),
    },
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    getSocket: openSocket,
  };
}

/** Connects as any program of this machine does: nodemailer itself would ask DNS past the machine's hosts file. */
function openSocket(
  { host, port }: { host?: string | undefined; port?: number | string | undefined },
  done: (error: Error | null, options?: { connection: Socket }) => void,
): void {
  const socket = connect({ host: host ?? '', port: Number(port), timeout: STEP_MS });
  const fail = (error: Error) => {
    socket.destroy();
    done(Object.assign(error, { code: 'ECONNECTION' }));
  };
  const late = () => fail(new Error(`${host} did not answer on port ${port}`));
  socket.once('error', fail);
  socket.once('timeout', late);
  socket.once('connect', () => {
    socket.off('error', fail);
    socket.off('timeout', late);
    socket.setTimeout(0);
    done(null, { connection: socket });
  });
}

/** Commands of which a refusal is about the one mail, not about us. */
const ABOUT_THE_MAIL = new Set(['RCPT TO', 'DATA']);

function deliveryOf(error: unknown): Delivery {
  const words = error instanceof Error ? error.message : String(error);
  const { command, responseCode } = Object(error) as { command?: unknown; responseCode?: unknown };
  if (typeof responseCode !== 'number' || !ABOUT_THE_MAIL.has(String(command))) return { kind: 'unreachable', words };
  return { kind: responseCode >= 500 ? 'refused' : 'deferred', words };
}
