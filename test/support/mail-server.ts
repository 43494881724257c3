import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { selfSigned } from '../lab/certificate.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

/** A mail as it arrived. */
export interface ArrivedMail {
  to: string;
  subject: string;
  messageId: string;
  /** Decoded. */
  text: string;
  /** Whether it came over TLS, and from somebody who had signed in. */
  secure: boolean;
  username: string;
}

/** A real SMTP server on loopback that keeps what it gets. */
export interface MailServer {
  readonly port: number;
  /** Authority of its certificate, PEM. */
  readonly caPem: string;
  readonly mails: ArrivedMail[];
  /** What to answer to the next mails instead of taking them: a status for the recipient or the data, or no answer. */
  readonly faults: Fault[];
  /** The newest mail to an address that has not been fetched yet. */
  next(to: string): Promise<ArrivedMail>;
  stop(): Promise<void>;
}

/** Something that goes wrong with one mail; "dead" takes it and dies before it says so, "silent" never says so. */
export type Fault = { at: 'recipient' | 'data'; status: number } | 'dead' | 'silent';

/** What one signs in with. */
export const MAIL_LOGIN = { username: 'berth', password: 'the harbour master' };

/** Starts a server that wants STARTTLS and a password. */
export async function startMailServer(): Promise<MailServer> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-mail-'));
  const { certFile, keyFile, pem } = await selfSigned(join(directory, 'mail'), ['127.0.0.1']);
  const mails: ArrivedMail[] = [];
  const faults: Fault[] = [];
  const fetched = new Set<ArrivedMail>();
  const port = await freePort();
  const server = new SMTPServer({
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    logger: false,
    onAuth({ username, password }, _session, done) {
      if (username === MAIL_LOGIN.username && password === MAIL_LOGIN.password) done(null, { user: username });
      else done(new Error('535 5.7.8 Who are you?'));
    },
    onRcptTo(_address, _session, done) {
      const fault = faults[0];
      if (typeof fault === 'object' && fault.at === 'recipient') return done(refusal(faults));
      done();
    },
    onData(stream, session, done) {
      let raw = '';
      stream.on('data', (chunk: Buffer) => {
        raw += chunk.toString('latin1');
      });
      stream.on('end', () => {
        const fault = faults[0];
        if (typeof fault === 'object') return done(refusal(faults));
        mails.push({ ...parse(raw), secure: session.secure, username: String(session.user ?? '') });
        if (fault === undefined) return done();
        // Taken, but nobody hears of it.
        faults.shift();
        if (fault === 'silent') return;
        for (const connection of server.connections) connection._socket.destroy();
      });
    },
  });
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    caPem: pem,
    mails,
    faults,
    next: (to) =>
      waitFor(
        () => {
          const mail = mails.findLast((each) => each.to === to && !fetched.has(each));
          if (mail) fetched.add(mail);
          return mail;
        },
        { timeoutMs: 30_000, what: `a mail to ${to}` },
      ),
    async stop() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function refusal(faults: Fault[]): Error {
  const fault = faults.shift();
  const responseCode = typeof fault === 'object' ? fault.status : 451;
  return Object.assign(new Error('5.1.1 Not this one'), { responseCode });
}

function parse(raw: string): Omit<ArrivedMail, 'secure' | 'username'> {
  const split = raw.indexOf('\r\n\r\n');
  const head = raw.slice(0, split).replaceAll(/\r\n[ \t]+/g, ' ');
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';
  const body = raw.slice(split + 4);
  const quoted = header('Content-Transfer-Encoding') === 'quoted-printable';
  const text = quoted
    ? body
        .replaceAll('=\r\n', '')
        .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : body;
  const plain = Buffer.from(text, 'latin1').toString().replaceAll('\r\n', '\n');
  return { to: header('To'), subject: header('Subject'), messageId: header('Message-ID'), text: plain };
}
