import { emailFault } from '../../app/validate/email.ts';
import { newUsernameFault } from '../../app/validate/names.ts';
import { passwordFault } from '../../auth/password.ts';
import type { Config } from '../../config.ts';
import { ask } from '../ask.ts';
import { CliError } from '../explain.ts';
import { type Administrator, administratorOf, databaseFault, type Settings, serverNameFault } from './answers.ts';
import { OWN_NAMES } from './own-name.ts';
import { databaseName } from './report.ts';

type Fault = (text: string) => string | undefined;

/**
 * Asks what the control plane is to be.
 * @param now what it is, which is proposed again
 * @param proposed name of a new one
 * @throws CliError without a terminal
 */
export async function askSettings(now: Config | undefined, proposed: string): Promise<Settings> {
  requireTerminal();
  const names = now?.serverNames.filter((name) => !OWN_NAMES.includes(name)).join(' ') || proposed;
  const present = now ? databaseName(now.databaseUrl) : 'sqlite';
  const asked = await askFor('Names under which this server is reached, the main one first', names, namesFault);
  const database = await askFor('Database: "sqlite", or a postgres:// or mysql:// URL', present, (text) =>
    text === present ? undefined : databaseFault(text),
  );
  return {
    names: asked.split(/[\s,]+/),
    databaseUrl: database === present ? undefined : database,
    ldap: undefined,
    encryptCredentials: false,
  };
}

function namesFault(text: string): string | undefined {
  const all = text.split(/[\s,]+/);
  return all.map(serverNameFault).find((fault) => fault !== undefined);
}

/** Asks who is the first administrator. @throws CliError without a terminal */
export async function askAdministrator(): Promise<Administrator> {
  requireTerminal();
  const username = await askFor("Administrator's login name", 'admin', newUsernameFault);
  const email = await askFor('E-mail address, empty for none', '', (text) => (text ? emailFault(text) : undefined));
  const password = await askPassword([username, email]);
  return administratorOf({ username, email: email || undefined, password: password || undefined });
}

function requireTerminal(): void {
  if (process.stdin.isTTY) return;
  throw new CliError('there is no terminal to ask on: give the answers by --file, see "berth setup --help".');
}

async function askFor(question: string, proposed: string, fault: Fault): Promise<string> {
  for (;;) {
    const answer = (await ask(`${question}${proposed ? ` [${proposed}]` : ''}: `, false)).trim() || proposed;
    const wrong = fault(answer);
    if (!wrong) return answer;
    process.stderr.write(`  It ${wrong}.\n`);
  }
}

async function askPassword(words: readonly string[]): Promise<string> {
  for (;;) {
    const password = await ask('Password, empty for a random one: ', true);
    if (password === '') return '';
    const wrong = passwordFault(password, words);
    if (wrong) process.stderr.write(`  It ${wrong}.\n`);
    else if ((await ask('The same again: ', true)) === password) return password;
    else process.stderr.write('  The two are not the same.\n');
  }
}
