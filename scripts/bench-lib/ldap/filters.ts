/** Filters as clients send them, encoded; and the lists of attributes they ask for. */
import { element, string } from '@berth/control-plane/ldap/ber/writer.ts';

const equal = (attribute: string, value: string) => element(0xa3, string(attribute), string(value));
const present = (attribute: string) => string(attribute, 0x87);
const and = (...parts: Buffer[]) => element(0xa0, ...parts);
const not = (part: Buffer) => element(0xa2, part);
const hasNumber = (attribute: string) => and(present(attribute), not(equal(attribute, '0')));

/** The simplest one there is. */
export const byUid = (uid: string) => equal('uid', uid);
/** What SSSD asks for getpwuid. */
export const getpwuid = (uid: number) =>
  and(equal('uidNumber', String(uid)), equal('objectclass', 'posixAccount'), present('uid'), hasNumber('uidNumber'));
/** What SSSD asks for the groups of a person. */
export const initgroups = (uid: string) =>
  and(equal('memberUid', uid), equal('objectClass', 'posixGroup'), present('cn'), hasNumber('gidNumber'));
/** Everybody. */
export const everybody = and(equal('objectclass', 'posixAccount'));

/** The 13 attributes of a person that are asked for. */
export const USER_ATTRIBUTES = [
  ...['objectClass', 'uid', 'userPassword', 'uidNumber', 'gidNumber', 'gecos', 'homeDirectory', 'loginShell'],
  ...['cn', 'mail', 'memberOf', 'shadowLastChange', 'sshPublicKey'],
];
/** What is asked for of groups. */
export const GROUP_ATTRIBUTES = ['objectClass', 'cn', 'userPassword', 'gidNumber', 'modifyTimestamp'];
