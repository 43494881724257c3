import { type Person, UserStatus } from '@berth/proto/api/v1/people_pb.js';
import type { Row } from '../../store/schema.ts';
import type { UserChange } from '../../store/users.ts';
import { emailFault, plainEmail } from '../validate/email.ts';
import { lineFault, shapeFault } from '../validate/text.ts';
import type { Violations } from '../validate/violations.ts';

/** What is decided about a person, in the names of the API. */
export interface PersonFields {
  display_name: string;
  /** As it was typed; empty for none. */
  email: string;
  shell: string;
  status: UserStatus;
}

/** What administrators may change. */
export const PERSON_PATHS = ['display_name', 'email', 'shell', 'status'] as const satisfies (keyof PersonFields)[];
/** What one may change oneself. */
export const PROFILE_PATHS = ['display_name', 'email', 'shell'] as const satisfies (keyof PersonFields)[];

const DEFAULT_SHELL = '/bin/bash';
/** Longest name as others see it, in characters. */
export const MAX_DISPLAY_NAME = 100;

const STATUSES: Partial<Record<UserStatus, Row<'users'>['status']>> = {
  [UserStatus.PENDING]: 'pending',
  [UserStatus.ACTIVE]: 'active',
  [UserStatus.SUSPENDED]: 'suspended',
};

/** The fields of a message, defaults filled in. */
export function fieldsOfPerson(person: Person): PersonFields {
  return {
    display_name: person.displayName.normalize('NFC').trim(),
    email: person.email,
    shell: person.shell || DEFAULT_SHELL,
    status: person.status || UserStatus.ACTIVE,
  };
}

/** Checks the fields named by `paths`. */
export function checkPerson(fields: PersonFields, paths: ReadonlySet<string>, found: Violations): void {
  if (paths.has('display_name')) found.check('user.display_name', displayNameFault(fields.display_name));
  if (paths.has('email') && fields.email !== '') found.check('user.email', emailFault(fields.email));
  if (paths.has('shell')) found.check('user.shell', shellFault(fields.shell));
  if (paths.has('status') && !statusOf(fields.status)) found.check('user.status', 'must be active or suspended');
}

/** A name as others see it. In a guest it stands in a line of fields parted by colons. */
export function displayNameFault(name: string): string | undefined {
  return lineFault(name, MAX_DISPLAY_NAME) ?? (name.includes(':') ? 'must not contain ":"' : undefined);
}

function shellFault(shell: string): string | undefined {
  if (shell.length > 64) return 'must have at most 64 characters';
  return shapeFault(shell, /^(?:\/[a-zA-Z0-9_+-][a-zA-Z0-9_.+-]*)+$/, 'must be an absolute path such as "/bin/bash"');
}

/** The status in the store; undefined for one that there is not. */
export function statusOf(status: UserStatus): Row<'users'>['status'] | undefined {
  return STATUSES[status];
}

/** The columns that hold the fields named by `paths`. An address that an administrator gives counts as shown. */
export function columnsOfPerson(fields: PersonFields, paths: ReadonlySet<string>): UserChange {
  const status = statusOf(fields.status);
  return {
    ...(paths.has('display_name') && { display_name: fields.display_name }),
    ...(paths.has('email') && { email: plainEmail(fields.email) || null, email_verified: fields.email ? 1 : 0 }),
    ...(paths.has('shell') && { shell: fields.shell }),
    ...(paths.has('status') && status && { status }),
  };
}

/** Words near an account, of which its password must not be made. */
export function wordsNear(person: { username: string; display_name: string; email: string | null }): string[] {
  return [person.username, person.display_name, person.email ?? ''];
}
