/** What `berth setup` is told: by a file, or by who sits at the terminal. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import * as z from 'zod';
import { emailFault, plainEmail } from '../../app/validate/email.ts';
import { newUsernameFault } from '../../app/validate/names.ts';
import { passwordFault } from '../../auth/password.ts';
import { newTypableCode } from '../../auth/tokens.ts';
import { CliError } from '../explain.ts';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`);

/** Characters of a password that is made here, five bits each. */
const RANDOM_LENGTH = 20;

/** What is wrong with a name or an address of the server, or undefined. */
export function serverNameFault(name: string): string | undefined {
  if (isIP(name)) return undefined;
  const right = NAME.test(name) && !/(^|\.)[0-9]+$/.test(name);
  return right ? undefined : 'must be a DNS name in small letters, such as "berth.example.org", or an address';
}

/** What is wrong with the URL of a database, or undefined. */
export function databaseFault(url: string): string | undefined {
  const right = /^(sqlite:\/[^\s]+|(postgres|postgresql|mysql|mariadb):\/\/[^\s]+)$/.test(url);
  return right ? undefined : 'must be sqlite:/PATH, postgres://… or mysql://…';
}

/** A string that a check like the above finds no fault with. */
function free(fault: (text: string) => string | undefined) {
  return z.string().check(({ value, issues }) => {
    const message = fault(value);
    if (message) issues.push({ code: 'custom', message, input: value });
  });
}

const administrator = z.strictObject({
  username: free(newUsernameFault).default('admin'),
  email: free(emailFault).transform(plainEmail).optional(),
  /** Its first line is the password; "-" is standard input. Without it a random one is made and printed once. */
  passwordFile: z.string().min(1).optional(),
});

/** The file, as the manual describes it. */
const answersFile = z
  .strictObject({
    /** Names and addresses under which the server is reached, the main one first. */
    names: z.array(free(serverNameFault)).min(1).max(50),
    administrator: administrator.prefault({}),
    /** Default: SQLite in the state directory. */
    databaseUrl: free(databaseFault).optional(),
    /** A file whose first line is that, where it has a password. */
    databaseUrlFile: z.string().min(1).optional(),
    /** Whether this process serves LDAPS on port 636, which logins in containers want. */
    ldap: z.boolean().optional(),
    /** Whether credentials are encrypted for this machine alone (systemd-creds). */
    encryptCredentials: z.boolean().default(false),
  })
  .refine((answers) => !(answers.databaseUrl && answers.databaseUrlFile), {
    path: ['databaseUrlFile'],
    message: 'goes without databaseUrl',
  });

/** The first administrator. */
export interface Administrator {
  username: string;
  email: string | undefined;
  password: string;
  passwordIsRandom: boolean;
}

/** What the control plane is to be. */
export interface Settings {
  names: string[];
  /** Undefined for SQLite in the state directory. */
  databaseUrl: string | undefined;
  /** Undefined where nobody has said so. */
  ldap: boolean | undefined;
  encryptCredentials: boolean;
}

/** Everything that is to be known. */
export interface Answers {
  settings: Settings;
  administrator: Administrator;
}

/** Reads a file of answers and what it refers to. @throws CliError naming the file and each field that is wrong */
export function readAnswers(file: string): Answers {
  const parsed = answersFile.safeParse(contentOf(file));
  if (!parsed.success) throw wrong(file, parsed.error.issues.map(faultOf));
  const { administrator, databaseUrl, databaseUrlFile, ldap, ...rest } = parsed.data;
  const { username, email, passwordFile } = administrator;
  const url = databaseUrlFile ? firstLine(file, 'databaseUrlFile', databaseUrlFile) : databaseUrl;
  const urlFault = url === undefined ? undefined : databaseFault(url);
  if (urlFault) throw wrong(file, [`databaseUrlFile: its first line ${urlFault}`]);
  const given = passwordFile && firstLine(file, 'administrator.passwordFile', passwordFile);
  const fault = given === undefined ? undefined : passwordFault(given, [username, email ?? '']);
  if (fault) throw wrong(file, [`administrator.passwordFile: the password ${fault}`]);
  const settings = { ...rest, databaseUrl: url, ldap };
  return { settings, administrator: administratorOf({ username, email, password: given }) };
}

/** An administrator with a password, made here unless there is one. */
export function administratorOf(given: {
  username: string;
  email: string | undefined;
  password: string | undefined;
}): Administrator {
  const password = given.password || newTypableCode(RANDOM_LENGTH);
  return { ...given, password, passwordIsRandom: !given.password };
}

function contentOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CliError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function firstLine(answers: string, field: string, file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
  } catch (error) {
    throw wrong(answers, [`${field}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

function faultOf({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.') || 'the whole'}: ${message}`;
}

function wrong(file: string, faults: readonly string[]): CliError {
  return new CliError(`${file} is wrong:\n  ${faults.join('\n  ')}`);
}
