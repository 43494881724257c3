/** What the directory is made from, as the gateway keeps it: one object a row, replaced when the row changes. */

/** A person. */
export interface PersonRecord {
  readonly id: string;
  readonly username: string;
  readonly uidNumber: number;
  readonly displayName: string;
  readonly email: string | null;
  /** Neither pending nor suspended: others are in no view. */
  readonly active: boolean;
  readonly shell: string;
  /** Public keys in one line each. */
  readonly keys: readonly string[];
  /** Milliseconds since the epoch. */
  readonly passwordChangedAt: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A group with its own members; who belongs to it through other groups is worked out. */
export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  readonly gidNumber: number;
  readonly description: string;
  readonly administrator: boolean;
  readonly userIds: readonly string[];
  readonly groupIds: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** Who may log in to a container in one role. */
export interface GrantRecord {
  readonly userId: string | null;
  readonly groupId: string | null;
  readonly role: 'user' | 'maintainer';
}

/** A container, as far as logins go. */
export interface ContainerRecord {
  readonly id: string;
  readonly hostname: string;
  /** Host name with the site's domain. */
  readonly fqdn: string;
  readonly ownerId: string;
  readonly grants: readonly GrantRecord[];
  /** SHA-256 of its bind secret in hex; undefined until it has one. */
  readonly secretHash: string | undefined;
  /** The one before, and until when it works, in milliseconds since the epoch. */
  readonly formerHash: string | undefined;
  readonly formerUntil: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}
