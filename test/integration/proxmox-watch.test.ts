import { PowerState } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { createPveWorld, execute, POOR_TOKEN, type PveWorld } from './proxmox-world.ts';

// What the role reports of its guests on its own account, while the cluster changes under it.

let world: PveWorld;

beforeEach(async () => {
  world = await createPveWorld();
  await world.apply(world.node('pve1'), world.node('pve2'));
});

afterEach(() => world.close());

const refOf = (vmid: number, node: string) => ({
  node,
  vmid,
  hostname: `web${vmid}`,
  mac: `02:be:00:00:02:${String(vmid % 100).padStart(2, '0')}`,
  containerId: `ctr-${vmid}`,
});
const resourceOf = (vmid: number, node: string) => {
  const { containerId, ...value } = refOf(vmid, node);
  return makeResource(containerId, { case: 'guest', value }, containerId);
};

async function makeGuest(vmid: number, node: string): Promise<void> {
  const value = {
    guest: refOf(vmid, node),
    template: 'debian-12',
    cores: 1,
    memoryMib: 64,
    diskGib: 1,
    imageStorage: 'local',
    volumeStorage: 'local',
    bridge: 'vmbr0',
    unprivileged: true,
  };
  expect(await execute(world, { case: 'createGuest', value })).toMatchObject({ ok: true });
}

/** The newest that was reported of a guest. */
const seen = (vmid: number) => world.reports.flatMap(({ guests }) => guests).findLast((guest) => guest.vmid === vmid);
const start = (vmid: number, node: string) =>
  execute(world, { case: 'startGuest', value: { guest: refOf(vmid, node) } });

it('reports all guests first, then each change, also one that nobody asked for', async () => {
  await makeGuest(201, 'pve1');
  await makeGuest(202, 'pve2');
  await world.apply(world.node('pve1'), world.node('pve2'), resourceOf(201, 'pve1'), resourceOf(202, 'pve2'));
  const full = await waitFor(() => world.reports.find((report) => report.full && report.guests.length === 2));
  expect(full.guests.map(({ vmid, exists, power }) => [vmid, exists, power]).sort()).toEqual([
    [201, true, PowerState.STOPPED],
    [202, true, PowerState.STOPPED],
  ]);
  await start(201, 'pve1');
  await waitFor(() => seen(201)?.power === PowerState.RUNNING, { what: 'the start to be seen' });
  await world.backends.pve1.kill(201);
  await waitFor(() => seen(201)?.power === PowerState.STOPPED, { what: 'the death of its init to be seen' });
  const changes = world.reports.slice(world.reports.indexOf(full) + 1).filter((report) => !report.full);
  expect(changes.flatMap(({ guests }) => guests).every(({ vmid }) => vmid === 201)).toBe(true);
});

it('shows the addresses of a running guest without loopback and link-local ones', async () => {
  await makeGuest(201, 'pve1');
  await world.apply(world.node('pve1'), resourceOf(201, 'pve1'));
  await start(201, 'pve1');
  const backend = world.backends.pve1.guests.get(201);
  backend?.interfaces[1]?.addresses.push({ family: 'inet', address: '10.64.0.20', prefix: 22 });
  await waitFor(() => seen(201)?.addresses.length === 1, { what: 'the address' });
  expect(seen(201)?.addresses).toEqual(['10.64.0.20']);
});

it('names a node that cannot be asked and keeps the others going', async () => {
  await makeGuest(201, 'pve1');
  await makeGuest(202, 'pve2');
  world.cluster.setOffline('pve2', true);
  await world.apply(world.node('pve1'), world.node('pve2'), resourceOf(201, 'pve1'), resourceOf(202, 'pve2'));
  const full = await waitFor(() => world.reports.find((report) => report.full && report.guests.length > 0));
  expect(full.guests.map(({ vmid }) => vmid)).toEqual([201]);
  expect(Object.keys(full.unreachableNodes)).toEqual(['pve2']);
  await start(201, 'pve1');
  await waitFor(() => seen(201)?.power === PowerState.RUNNING, { what: 'the other node to be watched' });
  world.cluster.setOffline('pve2', false);
  await waitFor(() => seen(202)?.exists, { what: 'the node to be back' });
  expect(world.reports.at(-1)?.unreachableNodes).toEqual({});
});

it('finds a guest that moved node, and does not take a hidden one for a deleted one', async () => {
  await makeGuest(201, 'pve1');
  await world.apply(world.node('pve1'), world.node('pve2'), resourceOf(201, 'pve2'));
  const moved = await waitFor(() => seen(201));
  expect(moved).toMatchObject({ exists: true, node: 'pve1' });
  world.reports.length = 0;
  const blind = { tokenId: POOR_TOKEN.id, tokenSecret: POOR_TOKEN.secret };
  await world.apply(world.node('pve1', blind), resourceOf(201, 'pve1'));
  const report = await waitFor(() => world.reports.findLast((each) => each.full));
  expect(report.guests).toEqual([]);
  expect(report.unreachableNodes.pve1).toContain('VM.Audit');
});

it('tells a stranger on the VMID from our guest, and ours from nothing', async () => {
  await makeGuest(201, 'pve1');
  const stranger = makeResource('x', {
    case: 'guest',
    value: { node: 'pve1', vmid: 201, hostname: 'web201', mac: '02:be:00:00:99:99' },
  });
  await world.apply(world.node('pve1'), stranger);
  await waitFor(() => seen(201)?.exists === false, { what: 'the stranger to be told apart' });
  world.role.sessionOpened?.();
  await waitFor(() => world.reports.filter((report) => report.full).length >= 2, { what: 'another full report' });
});

it('sets resources aside that cannot be', async () => {
  const bad = makeResource('bad', { case: 'pveNode', value: { node: 'pve 9', apiUrl: 'http://x' } });
  const report = await world.apply(world.node('pve1'), bad, resourceOf(7, 'pve1'), resourceOf(300, 'pve9'));
  expect(report.errors.map(({ resource, stderrTail }) => [resource?.name, stderrTail])).toEqual([
    ['bad', 'node is not a PVE node name'],
    ['ctr-300', 'node "pve9" is not among the nodes'],
    ['ctr-7', 'vmid 7 is not in 100–999999999'],
  ]);
});

it('says which rights a token lacks, with the commands that give them, until it has them', async () => {
  const use = { imageStorage: 'local', volumeStorage: 'local', bridge: 'vmbr0' };
  const poor = world.node('pve2', { ...use, tokenId: POOR_TOKEN.id, tokenSecret: POOR_TOKEN.secret });
  await world.apply(world.node('pve1', use), poor);
  const lacking = () => world.reports.at(-1)?.missingRights ?? {};
  await waitFor(() => 'pve2' in lacking(), { what: 'what is missing' });
  expect(Object.keys(lacking())).toEqual(['pve2']);
  const words = lacking().pve2 ?? '';
  expect(words).toContain('lacks VM.Allocate, VM.Audit,');
  expect(words).toContain('SDN.Use on /sdn/zones/localnetwork/vmbr0');
  expect(words).toContain("pveum acl modify /vms --tokens 'berth@pve!poor' --roles BerthGuests");
  for (const [, path = '', role = ''] of words.matchAll(/^pveum acl modify (\S+) --tokens \S+ --roles (\S+)$/gm)) {
    const privileges = new RegExp(`^pveum role add ${role} --privs "(.*?)"`, 'm').exec(words)?.[1] ?? '';
    world.grant(path, ...privileges.split(' '));
  }
  await world.apply(world.node('pve1', use), poor);
  await waitFor(() => Object.keys(lacking()).length === 0, { what: 'nothing to be missing' });
});

it('says so of a token that PVE does not take, on a node without any guest', async () => {
  const secret = '00000000-0000-4000-8000-000000000000';
  await world.apply(world.node('pve1', { tokenSecret: secret }));
  await waitFor(() => world.reports.at(-1)?.missingRights.pve1?.includes('pveum user token list berth@pve'));
});
