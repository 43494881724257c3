import { expect, it } from 'vitest';
import { missingOf, missingWords, needsOf } from './rights.ts';

const USE = { imageStorage: 'local', volumeStorage: 'local-lvm', bridge: 'vmbr1' };
const all = (privileges: string, value: unknown = 1) =>
  Object.fromEntries(privileges.split(' ').map((privilege) => [privilege, value]));
const GUESTS =
  'VM.Allocate VM.Audit VM.PowerMgmt VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.Options';
const ENOUGH = {
  '/vms': all(GUESTS),
  '/storage/local': all('Datastore.Audit'),
  '/storage/local-lvm': all('Datastore.AllocateSpace'),
  '/sdn/zones/localnetwork/vmbr1': all('SDN.Use'),
};

it('is content with the least that is needed', () => {
  expect(missingOf(needsOf(USE), ENOUGH)).toEqual([]);
});

it('finds each privilege that is missing, and one that does not hold for the guests below', () => {
  const missing = missingOf(needsOf(USE), {
    '/vms': { ...all(GUESTS), 'VM.Audit': 0 },
    '/storage/local': {},
    '/storage/local-lvm': all('Datastore.Audit'),
  });
  expect(missing.map(({ path, privileges }) => [path, privileges.join(' ')])).toEqual([
    ['/vms', 'VM.Audit'],
    ['/storage/local-lvm', 'Datastore.AllocateSpace'],
    ['/storage/local', 'Datastore.Audit Datastore.AllocateSpace'],
    ['/sdn/zones/localnetwork/vmbr1', 'SDN.Use'],
  ]);
});

it('does not look at what the control plane does not say', () => {
  const needs = needsOf({ imageStorage: '', volumeStorage: '', bridge: '' });
  expect(needs.map(({ path }) => path)).toEqual(['/vms']);
});

it('gives what is missing to user and token, since a token never has more than its user', () => {
  const missing = missingOf(needsOf(USE), { ...ENOUGH, '/sdn/zones/localnetwork/vmbr1': {} });
  expect(missingWords('berth@pve!agent', missing)).toBe(
    [
      'The token berth@pve!agent lacks SDN.Use on /sdn/zones/localnetwork/vmbr1. As root on a node of the cluster:',
      'pveum role add BerthNetwork --privs "SDN.Use" || pveum role modify BerthNetwork --append 1 --privs "SDN.Use"',
      'pveum acl modify /sdn/zones/localnetwork/vmbr1 --users berth@pve --roles BerthNetwork',
      "pveum acl modify /sdn/zones/localnetwork/vmbr1 --tokens 'berth@pve!agent' --roles BerthNetwork",
    ].join('\n'),
  );
  expect(missingWords('root@pam!agent', missing)).not.toContain('--users');
});
