import { usernameFault } from '../validate/names.ts';

/** Accounts that Linux systems have themselves: in a guest, a person of such a name would be taken for one of them. */
const SYSTEM_NAMES = new Set(
  [
    'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody adm operator',
    'halt shutdown ftp sshd sssd nslcd messagebus polkitd postfix mysql postgres nginx apache chrony uuidd tcpdump',
  ].flatMap((line) => line.split(' ')),
);

/** A login name for somebody new, whom nobody has looked at. */
export function newUsernameFault(name: string): string | undefined {
  return usernameFault(name) ?? (SYSTEM_NAMES.has(name) ? 'is used by systems themselves' : undefined);
}
