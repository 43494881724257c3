/**
 * What a node's token must be allowed, each proven needed, and the commands of Proxmox that give what is missing. The
 * roles are those of the administrator's guide, so that what one hand gave and what another adds is the same.
 */

/** Privileges by path, as PVE tells them; the value is whether they hold below the path, too. */
export type Permissions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What Berth uses on a node. */
export interface NodeUse {
  imageStorage: string;
  volumeStorage: string;
  bridge: string;
}

/** Something that is needed on a path. */
export interface Need {
  path: string;
  /** All of these, or, where `any` is set, one of them. */
  privileges: readonly string[];
  any?: boolean;
  /** Must hold for everything below, too. */
  below?: boolean;
  /** PVE role that has it. */
  role: string;
}

const GUESTS = [
  ...['VM.Allocate', 'VM.Audit', 'VM.PowerMgmt', 'VM.Config.Disk', 'VM.Config.CPU', 'VM.Config.Memory'],
  ...['VM.Config.Network', 'VM.Config.Options'],
];
const ROLES: Readonly<Record<string, readonly string[]>> = {
  BerthGuests: GUESTS,
  BerthStorage: ['Datastore.AllocateSpace', 'Datastore.Audit'],
  BerthNetwork: ['SDN.Use'],
};

/** What is needed on a node; what the control plane does not say (storages, bridge) is not looked at. */
export function needsOf({ imageStorage, volumeStorage, bridge }: NodeUse): Need[] {
  const read = ['Datastore.Audit', 'Datastore.AllocateSpace'];
  const storage = (name: string) => ({ path: `/storage/${name}`, role: 'BerthStorage' });
  return [
    { path: '/vms', privileges: GUESTS, below: true, role: 'BerthGuests' },
    ...(volumeStorage === '' ? [] : [{ ...storage(volumeStorage), privileges: ['Datastore.AllocateSpace'] }]),
    ...(imageStorage === '' ? [] : [{ ...storage(imageStorage), privileges: read, any: true }]),
    ...(bridge === ''
      ? []
      : [{ path: `/sdn/zones/localnetwork/${bridge}`, privileges: ['SDN.Use'], role: 'BerthNetwork' }]),
  ];
}

/** The needs that are not met, each with the privileges that are missing. */
export function missingOf(needs: readonly Need[], permissions: Permissions): Need[] {
  return needs.flatMap((need) => {
    const held = permissions[need.path] ?? {};
    const has = (privilege: string) => privilege in held && (!need.below || Number(held[privilege]) === 1);
    if (need.any && need.privileges.some(has)) return [];
    const privileges = need.privileges.filter((privilege) => !has(privilege));
    return privileges.length === 0 ? [] : [{ ...need, privileges }];
  });
}

/**
 * What is missing, in words, with the commands that give it.
 * @param tokenId "user@realm!name"
 */
export function missingWords(tokenId: string, missing: readonly Need[]): string {
  const what = missing.map(({ path, privileges, any }) => `${privileges.join(any ? ' or ' : ', ')} on ${path}`);
  return [
    `The token ${tokenId} lacks ${what.join('; ')}. As root on a node of the cluster:`,
    ...new Set(missing.flatMap(({ role }) => roleCommand(role))),
    ...missing.flatMap(({ path, role }) => aclCommands(tokenId, path, role)),
  ].join('\n');
}

/** A role that is there already is brought up to what is needed. */
function roleCommand(role: string): string[] {
  const privileges = (ROLES[role] ?? []).join(' ');
  return [
    `pveum role add ${role} --privs "${privileges}" || pveum role modify ${role} --append 1 --privs "${privileges}"`,
  ];
}

/** With privilege separation a token has what it was given, and never more than its user. root@pam may do everything. */
function aclCommands(tokenId: string, path: string, role: string): string[] {
  const user = tokenId.slice(0, tokenId.indexOf('!'));
  const forToken = `pveum acl modify ${path} --tokens '${tokenId}' --roles ${role}`;
  return user === 'root@pam' ? [forToken] : [`pveum acl modify ${path} --users ${user} --roles ${role}`, forToken];
}
