/**
 * The first afternoon and the last day of an administrator with two Debian machines, the same on each pair of systems:
 * `core` has the control plane and the Proxmox agent, `edge` the nginx and dnsmasq agents beside an office's own nginx
 * and dnsmasq.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostSystem } from '../../lab/hosts/host-root.ts';
import { createHostSite, HOST_ADDRESSES, type HostSite } from '../../lab/hosts/host-site.ts';
import { type RealHost, SHARED } from '../../lab/hosts/real-host.ts';
import { PVE_TOKEN_ID } from '../../lab/pve-program.ts';
import { waitFor } from '../../support/wait-for.ts';
import { differences, listingOf } from './host-listing.ts';
import { OfficeWorker, openOffice } from './office.ts';

const URL = `https://${HOST_ADDRESSES.core}:8443`;
const INSTALL_WITHIN_MS = 120_000;

/** Defines the tests of one pair of systems; they build on each other, in their order. */
export function hostStory(systems: { core: HostSystem; edge: HostSystem }): void {
  let site: HostSite;
  let worker: OfficeWorker;
  let before: Record<'core' | 'edge', Set<string>>;

  beforeAll(async () => {
    site = await createHostSite(systems);
    await openOffice(site.edge);
    worker = new OfficeWorker(site);
    before = { core: await listingOf(site.core), edge: await listingOf(site.edge) };
  }, 600_000);

  afterAll(() => site?.destroy());

  test('apt installs the packages, and nothing runs that was not asked for', async () => {
    for (const { name, size, installedSize } of site.packages) {
      say(`${name}: ${mebibytes(size)} MiB packed for tests, ${mebibytes(installedSize)} MiB installed`);
    }
    await Promise.all([install(site.core, 'berth', 'berth-agent'), install(site.edge, 'berth-agent')]);
    for (const host of [site.core, site.edge]) {
      const active = await host.shell("systemctl list-units --no-legend --plain --state=active,failed 'berth*'");
      expect(active).toBe('');
    }
  });

  test('a file of answers makes a control plane that serves, and says where', async () => {
    const { core } = site;
    await core.write('/root/password', 'correct horse battery\n');
    const answers = { names: [HOST_ADDRESSES.core], administrator: { passwordFile: '/root/password' } };
    await core.write('/root/answers.json', JSON.stringify(answers));
    const said = await core.shell('berth setup --file /root/answers.json --login', { timeoutMs: 90_000 });
    expect(said).toContain(`${URL}/`);
    expect(await core.shell('systemctl is-active berth.service')).toBe('active');
    const page = await core.shell(`curl -sSL --cacert /etc/berth/ca.pem ${URL}/`);
    expect(page).toContain('<html');
  });

  test('the printed commands make agents of the hosts, and the office works on', async () => {
    await describeSite(site);
    await Promise.all([
      join(site, site.core, 'proxmox', ''),
      join(site, site.edge, 'nginx,dnsmasq', `--listen ${HOST_ADDRESSES.wan} --interface lan0`),
    ]);
    const agents = await site.core.shell('berth agent list');
    expect(agents.match(/ connected /g), agents).toHaveLength(2);
  });

  test('a container made by command has its name from dnsmasq and its page from nginx', async () => {
    say(`${systems.edge} serves by ${await site.edge.shell('nginx -v 2>&1')} and ${await dnsmasqVersion(site.edge)}`);
    await makeContainer(site, 'web1');
    await served(site, 'web1');
  });

  test('the doctors of both hosts find nothing that must be mended', async () => {
    const looks = [
      site.core.run('berth', ['doctor']),
      site.core.run('berth-agent', ['doctor']),
      site.edge.run('berth-agent', ['doctor']),
    ];
    for (const { stdout } of await Promise.all(looks)) expect(stdout).toMatch(/, 0 faults$/m);
  });

  test('a newer package takes over without ending what nginx serves', async () => {
    const pid = () => site.edge.shell('systemctl show --value --property MainPID berth-nginx.service');
    const serving = await pid();
    await Promise.all([install(site.core, 'berth', 'berth-agent'), install(site.edge, 'berth-agent')]);
    await served(site, 'web1');
    expect(await pid()).toBe(serving);
    expect(await site.edge.shell('systemctl is-active berth-agent.service')).toBe('active');
  });

  test('services are confined', async () => {
    for (const host of [site.core, site.edge]) {
      const scores = await scoresOf(host);
      for (const [unit, score] of Object.entries(scores)) say(`${host.system} ${unit} ${score.toFixed(1)}`);
      expect(Object.entries(scores).filter(([, score]) => score > 3)).toEqual([]);
    }
  });

  test('after a reboot of all hosts everything is back by itself', async () => {
    expect(await worker.stop()).toEqual([]);
    await Promise.all([site.core, site.edge].map((host) => host.stop()));
    await Promise.all([site.core, site.edge].map((host) => host.start()));
    worker = new OfficeWorker(site);
    await served(site, 'web1');
    await makeContainer(site, 'web2');
    await served(site, 'web2');
  });

  test('a backup made at work is restored on a bare host, and agents follow it without joining again', async () => {
    const { core } = site;
    await core.shell('berth backup /root/site.backup --key-file /root/backup.key');
    await loseControlPlane(core);
    await install(core, 'berth');
    await core.shell('berth restore /root/site.backup --key-file /root/backup.key', { timeoutMs: 60_000 });
    await core.shell('berth setup --file /root/answers.json', { timeoutMs: 90_000 });
    await core.shell(`berth login ${URL} --ca /etc/berth/ca.pem --username admin --password-stdin < /root/password`);
    await waitFor(async () => (await core.shell('berth agent list')).match(/ connected /g)?.length === 2, {
      what: 'both agents at the restored control plane',
      timeoutMs: 60_000,
    });
    await makeContainer(site, 'web3');
    for (const name of ['web1', 'web3']) await served(site, name);
    await core.shell('rm /root/site.backup /root/backup.key');
  });

  test('once the packages are removed, the hosts are what they were', async () => {
    await Promise.all([
      uninstall(site.core, 'remove', 'berth berth-agent'),
      uninstall(site.edge, 'remove', 'berth-agent'),
    ]);
    expect(await worker.stop()).toEqual([]);
    await uninstall(site.edge, 'purge', 'berth-agent');
    expect(differences(before.edge, await listingOf(site.edge))).toEqual([]);
    await takeDataAway(site.core, await uninstall(site.core, 'purge', 'berth berth-agent'));
    // What root made for this test.
    await site.core.shell('rm -r /root/password /root/answers.json /root/.config');
    expect(differences(before.core, await listingOf(site.core))).toEqual([]);
  });
}

async function install(host: RealHost, ...packages: string[]): Promise<void> {
  const files = packages.map((name) => `${SHARED}/${name}_*.deb`).join(' ');
  const options = { timeoutMs: INSTALL_WITHIN_MS };
  await host.shell(`cd ${SHARED} && DEBIAN_FRONTEND=noninteractive apt-get -y --reinstall install ${files}`, options);
}

function uninstall(host: RealHost, how: 'remove' | 'purge', packages: string): Promise<string> {
  return host.shell(`DEBIAN_FRONTEND=noninteractive apt-get -y ${how} ${packages}`, { timeoutMs: INSTALL_WITHIN_MS });
}

/** Leaves of a control plane nothing but what root has put elsewhere. */
async function loseControlPlane(host: RealHost): Promise<void> {
  await takeDataAway(host, await uninstall(host, 'purge', 'berth'));
  await host.shell('! test -e /var/lib/berth && ! test -e /etc/berth/berth.env');
}

/** The database is no package's to take: the purge says how, and that is done. */
async function takeDataAway(host: RealHost, said: string): Promise<void> {
  const command = /^ {2}(rm -r .*)$/m.exec(said)?.[1];
  expect(command, said).toBeDefined();
  expect(await host.shell('stat -c %U /var/lib/berth/berth.db')).toBe('berth');
  await host.shell(command ?? 'false');
}

async function describeSite({ core, pve }: HostSite): Promise<void> {
  await core.shell(
    `berth site create lab --internal-domain lab.internal --network 10.64.0.0/22 --gateway 10.64.0.1 \\
       --range-start 10.64.0.50 --range-end 10.64.3.250 \\
       --external-domain apps.lab --external-address ${HOST_ADDRESSES.wan}`,
  );
  await core.write('/root/pve.secret', pve.secret);
  await core.write('/root/pve.pem', pve.caPem);
  await core.shell(
    `berth node create pve1 --site lab --cluster lab --api-url ${pve.url} --token-id '${PVE_TOKEN_ID}' \\
       --token-secret-file /root/pve.secret --ca-file /root/pve.pem && rm /root/pve.secret /root/pve.pem`,
  );
}

async function join({ core }: HostSite, host: RealHost, roles: string, options: string): Promise<void> {
  const printed = await core.shell(`berth agent create --site lab --roles ${roles}`);
  const command = /berth-agent enroll .*/.exec(printed)?.[0];
  expect(command, printed).toBeDefined();
  await host.shell(`${command} ${options}`, { timeoutMs: 90_000 });
}

async function makeContainer({ core }: HostSite, name: string): Promise<void> {
  const create = `berth container create ${name} --site lab --template debian-12 --http 80:${name}.apps.lab --wait`;
  // A control plane that has just started may not serve yet.
  await waitFor(() => core.shell('berth container list'), { what: 'the control plane', timeoutMs: 60_000 });
  expect(await core.shell(create, { timeoutMs: 90_000 })).toContain('running');
}

/** Waits until a container is found by its name, and its page by its name outside. */
async function served({ network }: HostSite, name: string): Promise<void> {
  const user = network.hosts.cp;
  const resolve = `${name}.apps.lab:443:${HOST_ADDRESSES.wan}`;
  const page = async () =>
    (await user.run('curl', ['-skf', '-m', '5', '--resolve', resolve, `https://${name}.apps.lab/`])).stdout;
  expect(await waitFor(page, { what: `the page of ${name}`, timeoutMs: 60_000 })).toContain(`Hello from ${name}`);
  const ask = async () => (await user.run('dig', ['+short', `@${HOST_ADDRESSES.lan}`, `${name}.lab.internal`])).stdout;
  expect(await waitFor(ask, { what: `the address of ${name}` })).toMatch(/^10\.64\./);
}

/** Exposure of every unit of Berth that is a service, 0 (none) to 10, as systemd sees it. */
async function scoresOf(host: RealHost): Promise<Record<string, number>> {
  const units = await host.shell(
    "systemctl list-unit-files --no-legend --plain 'berth*.service' | cut -d' ' -f1 | xargs",
  );
  const lines = await host.shell(`systemd-analyze security --no-pager ${units} | grep 'Overall exposure'`);
  const found = [...lines.matchAll(/for (\S+): ([\d.]+)/g)];
  return Object.fromEntries(found.map(([, unit = '', score]) => [unit, Number(score)]));
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** For whoever reads the run's output. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function dnsmasqVersion(host: RealHost): Promise<string> {
  return (await host.shell('dnsmasq --version')).split(/ {2}|\n/)[0] ?? '';
}
