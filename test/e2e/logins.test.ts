// Logins in real guests: SSSD in one, nslcd in the other, real sshd and sudo in both, people from the control plane's own
// directory, and a client outside the site that reaches sshd through nginx. What is decided centrally must hold at the
// next login, so nothing here waits between a decision and the login that shows it, except where it says how long.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestLoginsService, LoginService } from '@berth/proto/api/v1/guest_logins_pb.js';
import { Code, createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { CommandError, runCommand } from '../lab/net/command.ts';
import { LAB_PLAN } from '../lab/net/plan.ts';
import { LAB_ADMINISTRATOR } from '../lab/site-setup.ts';
import { waitFor } from '../support/wait-for.ts';
import { made } from './support/containers.ts';
import { type Guest, guestOf, type Proof } from './support/guest.ts';
import { type People, type Person, peopleOf } from './support/people.ts';

let lab: Lab;
let people: People;
let directory: string;
const guests = new Map<string, Guest>();

// The first run fetches Debian, which takes minutes on a slow line.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-keys-'));
  lab = await createLab({ guest: 'debian-12' });
  people = await peopleOf(lab);
  const [sssd, nslcd] = await Promise.all([made(lab, 'with-sssd'), made(lab, 'with-nslcd')]);
  guests.set('sssd', await guestOf(lab, sssd)).set('nslcd', await guestOf(lab, nslcd));
  await Promise.all([...guests.values()].map(isSetUp));
  // A container that is there already gets the other service by a command from its page.
  const client = createClient(GuestLoginsService, lab.api.transport);
  const { setup } = await client.createSetupCommand({ container: nslcd.id, loginService: LoginService.NSLCD });
  await guests.get('nslcd')?.run('sh', ['-c', setup?.command ?? 'false'], { timeoutMs: 60_000 });
}, 900_000);

afterAll(async () => {
  await lab?.destroy();
  await rm(directory, { recursive: true, force: true });
});

/** A template prepared for Berth sets up its logins by itself at the first boot. */
function isSetUp(guest: Guest): Promise<unknown> {
  const what = `${guest.container.hostname} to set up its logins`;
  return waitFor(() => guest.run('test', ['-s', '/etc/berth/set-up']), { what, timeoutMs: 60_000 });
}

const PASSWORD = 'Quiet harbour 17';
let count = 0;
/** A person nobody has met yet. */
const someone = () => people.add(`p${++count}-${Date.now().toString(36)}`, PASSWORD);
const password = (text = PASSWORD): Proof => ({ password: text });

/** Gives a person a new key. */
async function keyFor(person: Person): Promise<{ keyFile: string; key: string }> {
  const keyFile = join(directory, `${person.username}-key`);
  await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
  return { keyFile, key: await people.addKey(person, await readFile(`${keyFile}.pub`, 'utf8')) };
}

async function refused(guest: Guest, { username }: Person, proof: Proof): Promise<void> {
  const attempt = guest.ssh(username, proof, 'true');
  await expect(attempt).rejects.toThrow(CommandError);
  await expect(attempt).rejects.toThrow(/Permission denied|Connection closed/);
}

describe.concurrent.each(['sssd', 'nslcd'])('in a guest with %s', (service) => {
  const here = () => guests.get(service) as Guest;
  const member = async (role: 'viewer' | 'user' | 'maintainer') => {
    const person = await someone();
    await people.grant(here().container.id, person, role);
    return person;
  };

  test('a member logs in with password and with key, is who he is, and has a home', async () => {
    const person = await member('user');
    const { keyFile } = await keyFor(person);
    const line = 'id; pwd; stat -c "%U %G" "$HOME"';
    for (const proof of [password(), { keyFile }]) {
      const { stdout } = await here().ssh(person.username, proof, line);
      const [id = '', home, owner] = stdout.trim().split('\n');
      expect(id).toMatch(new RegExp(`^uid=2\\d{3}\\(${person.username}\\) gid=2001\\(ldapusers\\)`));
      expect([home, owner]).toEqual([`/home/${person.username}`, `${person.username} ldapusers`]);
    }
    await refused(here(), person, password('not my password'));
  });

  test('a maintainer and the owner use sudo, a user does not', async () => {
    const [maintainer, user] = [await member('maintainer'), await member('user')];
    const list = 'sudo -S -p "" -l';
    const rule = await waitFor(
      async () => (await here().ssh(maintainer.username, password(), list, { input: `${PASSWORD}\n` })).stdout,
      { what: 'the rule of a new maintainer', timeoutMs: 20_000 },
    );
    expect(rule).toMatch(/\(ALL( : ALL)?\) ALL/);
    const { stdout } = await here().ssh(maintainer.username, password(), 'sudo -S -p "" id -u', {
      input: `${PASSWORD}\n`,
    });
    expect(stdout.trim()).toBe('0');
    const owner = LAB_ADMINISTRATOR;
    const input = `${owner.password}\n`;
    const asOwner = await here().ssh(owner.username, password(owner.password), 'sudo -S -p "" id -u', { input });
    expect(asOwner.stdout.trim()).toBe('0');
    const attempt = here().ssh(user.username, password(), 'sudo -S -p "" id -u', { input: `${PASSWORD}\n` });
    await expect(attempt).rejects.toThrow(/not in the sudoers file|not allowed|may not run/);
  });

  test('who is no member, or a mere viewer, does not get in', async () => {
    await refused(here(), await someone(), password());
    await refused(here(), await member('viewer'), password());
  });

  test('who was a member does not get in any more, by password or key', async () => {
    const person = await member('user');
    const { keyFile } = await keyFor(person);
    await here().ssh(person.username, { keyFile }, 'true');
    await here().ssh(person.username, password(), 'true');
    await people.withdraw(here().container.id, person);
    await refused(here(), person, password());
    await refused(here(), person, { keyFile });
  });

  test('a key that was taken away, and sudo that was, hold for seconds at most', async () => {
    const person = await member('maintainer');
    const { keyFile, key } = await keyFor(person);
    await here().ssh(person.username, { keyFile }, 'true');
    await people.removeKey(key);
    const sudo = () => here().ssh(person.username, password(), 'sudo -S -p "" true', { input: `${PASSWORD}\n` });
    await waitFor(() => sudo().then(() => true), { what: 'the rule of a new maintainer', timeoutMs: 20_000 });
    await people.grant(here().container.id, person, 'user');
    const gone = (attempt: () => Promise<unknown>) => () =>
      attempt().then(
        () => false,
        () => true,
      );
    await waitFor(
      gone(() => here().ssh(person.username, { keyFile }, 'true')),
      { what: 'the key', timeoutMs: 10_000 },
    );
    await waitFor(gone(sudo), { what: 'the rule to be gone', timeoutMs: 10_000 });
    await here().ssh(person.username, password(), 'true');
  });

  test('who is suspended does not get in any more', async () => {
    const person = await member('maintainer');
    await here().ssh(person.username, password(), 'true');
    await people.suspend(person);
    await refused(here(), person, password());
  });

  test('a new password holds at once, and the old one no longer', async () => {
    const person = await member('user');
    await here().ssh(person.username, password(), 'true');
    await people.changePassword(person, PASSWORD, 'Another harbour 18');
    await refused(here(), person, password());
    await here().ssh(person.username, password('Another harbour 18'), 'true');
  });

  test('passwd changes it everywhere', async () => {
    const person = await member('user');
    const next = 'Third harbour, 19!';
    const input = `${PASSWORD}\n${next}\n${next}\n`;
    const { stdout, stderr } = await here().ssh(person.username, password(), 'passwd', { input });
    expect(`${stdout}${stderr}`).toMatch(/updated successfully|password changed/i);
    await refused(here(), person, password());
    await here().ssh(person.username, password(next), 'true');
    await people.grant(other(service).container.id, person, 'user');
    await other(service).ssh(person.username, password(next), 'true');
    await people.signIn(person, next);
    await expect(people.signIn(person, PASSWORD)).rejects.toMatchObject({ code: Code.Unauthenticated });
  });
});

describe('afterwards', () => {
  test('while the control plane is away, keys go on working, and passwords once it is back', async () => {
    const guest = guests.get('sssd') as Guest;
    const person = await someone();
    await people.grant(guest.container.id, person, 'user');
    const { keyFile } = await keyFor(person);
    await guest.ssh(person.username, { keyFile }, 'true');
    await lab.controlPlane.stop();
    await guest.ssh(person.username, { keyFile }, 'true');
    await refused(guest, person, password());
    await lab.controlPlane.start();
    const back = () => guest.ssh(person.username, password(), 'true').then(() => true);
    await waitFor(back, { what: 'passwords to work again', timeoutMs: 45_000, intervalMs: 1_000 });
  });

  test.each(['sssd', 'nslcd'])('a guest with %s goes on with another secret', async (service) => {
    const guest = guests.get(service) as Guest;
    const before = await secretOf(guest);
    await guest.run('berth-logins', ['sync', 'now']);
    const after = await secretOf(guest);
    expect(after).not.toBe(before);
    const person = await someone();
    await people.grant(guest.container.id, person, 'user');
    await guest.ssh(person.username, password(), 'true');
    expect(await binds(guest, before)).toBe(true);
    const client = createClient(GuestLoginsService, lab.api.transport);
    await client.rotateBindSecret({ container: guest.container.id });
    expect([await binds(guest, before), await binds(guest, after)]).toEqual([false, false]);
  });

  test('no log, journal or row holds a secret or a password', async () => {
    const secrets = await Promise.all([...guests.values()].flatMap((guest) => [secretOf(guest), givenTo(guest)]));
    const holding = (secret: string, ...but: string[]) =>
      runCommand('grep', ['-rlaF', ...but, '-e', secret, lab.network.directory]).then(
        ({ stdout }) => stdout.trim().split('\n'),
        () => [],
      );
    // PVE itself keeps what it was told, and the guests what they ask with: the search does find such things.
    for (const secret of secrets) expect(await holding(secret)).not.toEqual([]);
    for (const secret of [...secrets, PASSWORD]) expect(await holding(secret, '--exclude-dir=pve-host')).toEqual([]);
  });

  test.each(['sssd', 'nslcd'])('all that was done to a guest with %s can be taken back', async (service) => {
    const { run } = guests.get(service) as Guest;
    const failed = async () => (await run('systemctl', ['--failed', '--plain', '--no-legend'])).stdout;
    expect(await failed()).toBe('');
    await run('berth-logins', ['remove']);
    const traces =
      'grep -rls -e berth -e pam_mkhomedir /etc/pam.d /etc/ssh /etc/sssd /etc/nslcd.conf /etc/nsswitch.conf';
    expect((await run('sh', ['-c', `${traces} || true; ls -d /etc/berth 2>/dev/null || true`])).stdout).toBe('');
    await run('sshd', ['-t']);
    await expect(run('getent', ['passwd', LAB_ADMINISTRATOR.username])).rejects.toThrow(CommandError);
    expect((await run('getent', ['passwd', 'root'])).stdout).toContain('root:x:0:0');
    expect(await failed()).toBe('');
  });
});

/** The secret a guest has now. */
async function secretOf(guest: Guest): Promise<string> {
  return (await guest.run('sed', ['-n', 's/^SECRET=//p', '/etc/berth/logins.conf'])).stdout.trim();
}

/** The secret it was given when it was created. */
async function givenTo(guest: Guest): Promise<string> {
  const { stdout } = await guest.run('cat', ['/proc/1/environ']);
  return /BERTH_LDAP_SECRET=([^\0]*)/.exec(stdout)?.[1] ?? 'none was given';
}

/** Whether a container's account takes a secret. */
async function binds({ container, run }: Guest, secret: string): Promise<boolean> {
  const args = ['-x', '-H', `ldaps://${LAB_PLAN.cp.mgmt.address}`, '-D', `cn=${container.id},ou=services,dc=berth`];
  const line = 'umask 077; cat >/run/tried; LDAPTLS_CACERT=/etc/berth/ca.pem ldapwhoami "$@" -y /run/tried';
  return run('sh', ['-c', line, 'sh', ...args], { input: secret }).then(
    () => true,
    (error: CommandError) => {
      expect(error.message).toContain('Invalid credentials');
      return false;
    },
  );
}

function other(service: string): Guest {
  return guests.get(service === 'sssd' ? 'nslcd' : 'sssd') as Guest;
}
