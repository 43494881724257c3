/** Ten thousand people in 200 groups: in a store of ours, and the same as LDIF. */
import { hashPassword } from '@berth/control-plane/auth/password.ts';
import { tokenHash } from '@berth/control-plane/auth/tokens.ts';
import { LDAPUSERS } from '@berth/control-plane/store/built-in-groups.ts';
import { insertContainer } from '@berth/control-plane/store/containers.ts';
import { bumpDirectory } from '@berth/control-plane/store/directory-changes.ts';
import { insertNode } from '@berth/control-plane/store/nodes.ts';
import { sampleContainer, sampleNode, sampleSite } from '@berth/control-plane/store/sample-rows.ts';
import { insertSite } from '@berth/control-plane/store/sites.ts';
import type { Store, Tx } from '@berth/control-plane/store/store.ts';

export const PEOPLE = 10_000;
export const GROUPS = 200;
export const GROUPS_OF_EACH = 5;
export const BASE = 'dc=berth,dc=internal';
export const PASSWORD = 'bench password 1';
export const SERVICE_DN = `cn=ctr-000001,ou=services,${BASE}`;

/** Login name number `n`; the first is Alice. */
export const username = (n: number) => (n === 0 ? 'alice' : `user${n}`);
/** Number of person `n`. */
export const uidNumber = (n: number) => 2_000 + n;
const key = (n: number) =>
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${Buffer.from(`key of person ${n}`.padEnd(31)).toString('base64')}`;
const groupName = (g: number) => `group${g}`;
const groupsOf = (n: number) => Array.from({ length: GROUPS_OF_EACH }, (_, i) => (n * 7 + i * 41) % GROUPS);

const BATCH = 500;

/** Fills a store: the people, and a container that all of them may log in to. @returns nothing */
export async function fillStore(store: Store): Promise<void> {
  const hash = await hashPassword(PASSWORD);
  await store.transaction(async (tx) => {
    await fillPeople(tx, hash);
    await fillGroups(tx);
    await insertSite(tx, sampleSite());
    await insertNode(tx, store.secrets, { ...sampleNode(), token_secret: 'x' });
    await insertContainer(tx, sampleContainer(1, { owner_id: 'usr-0' }));
    const grant = {
      id: 'mem-1',
      container_id: 'ctr-000001',
      user_id: null,
      group_id: LDAPUSERS.id,
      role: 'user' as const,
    };
    await tx.db
      .insertInto('container_members')
      .values({ ...grant, granted_by: null, created_at: tx.now })
      .execute();
    const bind = { container_id: 'ctr-000001', secret_hash: tokenHash(PASSWORD), rotated_at: tx.now };
    await tx.db.insertInto('container_binds').values(bind).execute();
    await bumpDirectory(tx, 'container', 'ctr-000001');
  });
}

async function fillPeople(tx: Tx, hash: string): Promise<void> {
  for (let from = 0; from < PEOPLE; from += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, i) => from + i);
    const users = numbers.map((n) => ({
      id: `usr-${n}`,
      username: username(n),
      uid_number: uidNumber(n),
      display_name: `Person Number ${n}`,
      email: `${username(n)}@example.org`,
      password_hash: hash,
      password_changed_at: tx.now,
      status: 'active' as const,
      created_at: tx.now,
      updated_at: tx.now,
    }));
    await tx.db.insertInto('users').values(users).execute();
    const keys = numbers.map((n) => ({
      id: `key-${n}`,
      user_id: `usr-${n}`,
      name: 'laptop',
      key_type: 'ssh-ed25519',
      public_key: key(n),
      fingerprint: `SHA256:${n}`,
      created_at: tx.now,
    }));
    await tx.db.insertInto('ssh_keys').values(keys).execute();
  }
  await tx.db
    .updateTable('counters')
    .set({ value: uidNumber(PEOPLE) })
    .where('name', '=', 'uid_number')
    .execute();
}

async function fillGroups(tx: Tx): Promise<void> {
  const times = { created_at: tx.now, updated_at: tx.now };
  const groups = Array.from({ length: GROUPS }, (_, g) => {
    const flags = { description: '', administrator: 0, built_in: 0 };
    return { id: `grp-${g}`, name: groupName(g), gid_number: 3_000 + g, ...flags, ...times };
  });
  await tx.db.insertInto('groups').values(groups).execute();
  const members = Array.from({ length: PEOPLE }, (_, n) => n).flatMap((n) =>
    groupsOf(n).map((g) => ({
      id: `gme-${n}-${g}`,
      group_id: `grp-${g}`,
      user_id: `usr-${n}`,
      member_group_id: null,
      created_at: tx.now,
    })),
  );
  for (let from = 0; from < members.length; from += 2_000) {
    await tx.db
      .insertInto('group_members')
      .values(members.slice(from, from + 2_000))
      .execute();
  }
}

/** The same as LDIF, with the same password for all. */
export async function* ldif(): AsyncGenerator<string> {
  const hash = `{ARGON2}${await hashPassword(PASSWORD)}`;
  yield entry(BASE, ['objectClass: organization', 'objectClass: dcObject', 'o: Berth', 'dc: berth']);
  for (const ou of ['people', 'groups', 'services']) {
    yield entry(`ou=${ou},${BASE}`, ['objectClass: organizationalUnit', `ou: ${ou}`]);
  }
  yield entry(SERVICE_DN, [
    ...['objectClass: applicationProcess', 'objectClass: simpleSecurityObject', 'cn: ctr-000001'],
    `userPassword: ${PASSWORD}`,
  ]);
  for (let n = 0; n < PEOPLE; n += 1) yield personLdif(n, hash);
  for (let g = 0; g < GROUPS; g += 1) yield groupLdif(groupName(g), 3_000 + g, (n) => groupsOf(n).includes(g));
  yield groupLdif('ldapusers', 2_001, () => true);
}

function personLdif(n: number, hash: string): string {
  const uid = username(n);
  const groups = [...groupsOf(n).map(groupName), 'ldapusers'];
  return entry(`uid=${uid},ou=people,${BASE}`, [
    ...['inetOrgPerson', 'posixAccount', 'shadowAccount', 'berthPerson'].map((name) => `objectClass: ${name}`),
    ...[
      `uid: ${uid}`,
      `cn: Person Number ${n}`,
      `sn: ${n}`,
      `displayName: Person Number ${n}`,
      `mail: ${uid}@example.org`,
    ],
    ...[`uidNumber: ${uidNumber(n)}`, 'gidNumber: 2001', `homeDirectory: /home/${uid}`, 'loginShell: /bin/bash'],
    ...[`gecos: Person Number ${n}`, 'shadowLastChange: 20000', `sshPublicKey: ${key(n)}`, `userPassword: ${hash}`],
    ...groups.map((name) => `memberOf: cn=${name},ou=groups,${BASE}`),
  ]);
}

function groupLdif(name: string, gid: number, has: (n: number) => boolean): string {
  const members = Array.from({ length: PEOPLE }, (_, n) => n)
    .filter(has)
    .map(username);
  return entry(`cn=${name},ou=groups,${BASE}`, [
    ...['objectClass: posixGroup', 'objectClass: berthGroup', `cn: ${name}`, `gidNumber: ${gid}`],
    ...members.map((uid) => `memberUid: ${uid}`),
    ...members.map((uid) => `member: uid=${uid},ou=people,${BASE}`),
  ]);
}

function entry(dn: string, lines: readonly string[]): string {
  return `dn: ${dn}\n${lines.join('\n')}\n\n`;
}
