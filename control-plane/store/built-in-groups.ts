/** Everybody active belongs to it without a row; it is the primary group of all. */
export const LDAPUSERS = { id: 'grp-ldapusers', name: 'ldapusers', gid_number: 2001 } as const;
/** Whoever belongs to it, or to a group within it, administers Berth. */
export const SYSADMINS = { id: 'grp-sysadmins', name: 'sysadmins', gid_number: 2000 } as const;
/** The first number given to a person. */
export const FIRST_UID_NUMBER = 2000;
/** The first number given to a group that somebody makes. */
export const FIRST_GID_NUMBER = 2002;
