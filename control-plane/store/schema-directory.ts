/** Tables of the directory; see schema.ts for the conventions. */
import type { Generated } from 'kysely';

/** Numbers that only rise: "uid_number" and "gid_number" hold the next to give, "directory_revision" the current. */
export interface CountersTable {
  name: string;
  value: number;
}

/** What each revision of the directory touched. */
export interface DirectoryChangesTable {
  revision: number;
  kind: 'user' | 'group' | 'container';
  object_id: string;
  at: number;
}

export interface GroupsTable {
  id: string;
  name: string;
  gid_number: number;
  description: string;
  /** Whether its members administer Berth. */
  administrator: number;
  /** Whether it is there from the start and stays. */
  built_in: number;
  created_at: number;
  updated_at: number;
}

/** Either a person or another group, whose members then belong to it too. */
export interface GroupMembersTable {
  id: string;
  group_id: string;
  user_id: string | null;
  member_group_id: string | null;
  created_at: number;
}

export interface SshKeysTable {
  id: string;
  user_id: string;
  name: string;
  /** e.g. "ssh-ed25519". */
  key_type: string;
  /** "type base64", without options and comment. */
  public_key: string;
  /** "SHA256:…". */
  fingerprint: string;
  created_at: number;
}

/** Roles that are given; the owner stands in the container's row. */
export type GrantedRole = 'viewer' | 'user' | 'maintainer';

/** Either a person or a group. */
export interface ContainerMembersTable {
  id: string;
  container_id: string;
  user_id: string | null;
  group_id: string | null;
  role: GrantedRole;
  granted_by: string | null;
  created_at: number;
}

/** Either a person or a group. */
export interface SiteAdministratorsTable {
  id: string;
  site_id: string;
  user_id: string | null;
  group_id: string | null;
  created_at: number;
}

/** Names a container as its sender does, whether or not there is one of that name. */
export interface AccessRequestsTable {
  id: string;
  user_id: string;
  site_id: string;
  hostname: string;
  /** The container of that name when it was sent, if any. */
  container_id: string | null;
  role: GrantedRole;
  message: string;
  state: 'open' | 'granted' | 'refused' | 'withdrawn';
  answer: string;
  decided_by: string | null;
  decided_at: number | null;
  created_at: number;
}

/** How a container binds to the LDAP gateway. The secret is random, so a fast hash will do. */
export interface ContainerBindsTable {
  container_id: string;
  /** SHA-256, hex. */
  secret_hash: string;
  former_hash: string | null;
  /** Until when the former secret still works. */
  former_until: number | null;
  rotated_at: number;
  last_used_at: number | null;
}

/** With what a container fetches its settings for logins, once. */
export interface GuestSetupTokensTable {
  /** SHA-256, hex. */
  token_hash: string;
  container_id: string;
  created_by: string;
  created_at: number;
  expires_at: number;
}

/** Failures that slow down guessing, by what they are counted for; shared by every process on the database. */
export interface RateLimitsTable {
  name: string;
  failures: Generated<number>;
  updated_at: number;
}
