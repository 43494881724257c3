import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { setupScript } from './setup-script.ts';
import { distributions } from './testing/distributions.ts';
import { FakeGuest, SETTINGS } from './testing/fake-guest.ts';

const GOLDEN = join(import.meta.dirname, '../../test/golden/guest-logins');
const TOKEN = { BERTH_TOKEN: 'beg_once' };
const SETUP = ['setup', '--url', SETTINGS.URL];

let guest: FakeGuest;
afterEach(() => guest?.close());

const made = (name: string): FakeGuest => {
  const distribution = distributions[name];
  if (!distribution) throw new Error(`no distribution ${name}`);
  guest = new FakeGuest(distribution);
  return guest;
};
/** What differs from before, a file a paragraph. */
const changed = (before: Map<string, string>, after: Map<string, string>) =>
  [...after]
    .filter(
      ([path, text]) =>
        before.get(path) !== text && !['/usr/lib/berth/berth-logins', '/etc/berth/set-up'].includes(path),
    )
    .map(([path, text]) => `=== ${path} ${text}`)
    .join('\n');

/** The files without the one that says when it was done. */
const withoutStamp = (one: FakeGuest) => new Map([...one.files()].filter(([path]) => path !== '/etc/berth/set-up'));

it('has nothing for shellcheck to say', () => {
  execFileSync('shellcheck', ['--shell=sh', '-'], { input: setupScript() });
});

describe.each([
  ['debian', 'sssd'],
  ['debian', 'nslcd'],
  ['ubuntu', 'sssd'],
  ['rhel', 'sssd'],
  ['alpine', 'nslcd'],
])('on %s with %s', (name, service) => {
  it('writes what it should, does nothing more the second time, and takes all of it back', async () => {
    made(name);
    const before = guest.files();
    const first = guest.run([...SETUP, '--with', service], TOKEN);
    expect(first.code, first.said).toBe(0);
    const after = withoutStamp(guest);
    const text = `${changed(before, after)}\n=== called\n${guest.calls()}`.replace(/^\d+ \d+ \* \* \* /m, 'M H * * * ');
    await expect(text).toMatchFileSnapshot(join(GOLDEN, `${name}-${service}.txt`));
    expect(first.said).not.toContain(SETTINGS.SECRET);

    const second = guest.run([...SETUP, '--with', service], TOKEN);
    expect(second.said).not.toMatch(/wrote|added|removed|enabled/);
    expect(withoutStamp(guest)).toEqual(after);
    expect(guest.run(['remove']).code).toBe(0);
    expect(guest.files()).toEqual(before);
  });
});

it('takes what suits the distribution when nothing is said', () => {
  for (const [name, service] of [
    ['debian', 'sssd'],
    ['alpine', 'nslcd'],
  ] as const) {
    made(name).run(SETUP, TOKEN);
    expect(guest.read('/etc/berth/logins.conf')).toContain(`WITH=${service}`);
  }
});

it('goes from one service to the other and leaves nothing of the first', () => {
  made('debian').run([...SETUP, '--with', 'nslcd'], TOKEN);
  expect(guest.run([...SETUP, '--with', 'sssd'], TOKEN)).toMatchObject({ code: 0 });
  const moved = withoutStamp(guest);
  moved.delete('/etc/berth/undo');
  made('debian').run([...SETUP, '--with', 'sssd'], TOKEN);
  const direct = withoutStamp(guest);
  direct.delete('/etc/berth/undo');
  for (const [path, text] of direct) if (path !== '/etc/nsswitch.conf') expect(moved.get(path), path).toBe(text);
  expect([...moved.keys()]).toEqual(expect.arrayContaining([...direct.keys()]));
});

it("prepares a template as the lab's is", () => {
  const lab = join(import.meta.dirname, '../../test/lab/guest/debian-12-root');
  made('debian');
  expect(guest.run(['prepare']).code).toBe(0);
  for (const path of ['/usr/lib/berth/first-boot', '/etc/systemd/system/berth-first-boot.service']) {
    expect(guest.read(path), path).toBe(readFileSync(join(lab, path), 'utf8'));
  }
  expect(guest.calls()).toContain('enable berth-first-boot.service');
});

it('keeps the domains and services that others gave to SSSD', () => {
  made('debian').write('/etc/sssd/sssd.conf', '[sssd]\nservices = nss, pam, autofs\ndomains = corp\n');
  guest.run(SETUP, TOKEN);
  expect(guest.read('/etc/sssd/conf.d/50-berth.conf')).toContain('services = nss, pam, autofs, ssh, sudo\n');
  guest.run(['remove']);
  expect(guest.read('/etc/sssd/sssd.conf')).toContain('domains = corp');
});

it('upgrades a plain connection before anything is said on it', () => {
  made('debian').answer({ ...SETTINGS, LDAP_URI: 'ldap://berth.example:389' });
  guest.run(SETUP, TOKEN);
  expect(guest.read('/etc/sssd/conf.d/50-berth.conf')).toContain('ldap_id_use_start_tls = true\n');
  guest.run([...SETUP, '--with', 'nslcd'], TOKEN);
  expect(guest.read('/etc/nslcd.conf')).toContain('ssl start_tls\n');
});

it.each([
  ['BIND_DN', 'cn=x,dc=y\nldap_tls_reqcert = never'],
  ['LDAP_BASE', 'dc=y$(id)'],
  ['LDAP_URI', 'ldaps://a.example;b'],
  ['LDAP_URI', 'http://a.example'],
  ['SECRET', 'with space'],
  ['SECRET', ''],
])('refuses %s when it is %j', (name, value) => {
  made('debian').answer({ ...SETTINGS, [name]: value });
  const { code } = guest.run(SETUP, TOKEN);
  const text = [...guest.files()].filter(([path]) => path.startsWith('/etc/sssd')).map(([, file]) => file);
  if (value.includes('\n')) expect(text.join('')).not.toContain('never');
  else expect(code).toBe(1);
});

it('changes nothing while the control plane is away or refuses', () => {
  made('debian').run(SETUP, TOKEN);
  const before = guest.files();
  guest.answer(undefined);
  expect(guest.run(['sync'])).toMatchObject({ code: 1, said: expect.stringContaining('everything stays as it is') });
  guest.answer({ 'This is not the secret of this container': '' }, 401);
  expect(guest.run(['sync']).code).toBe(1);
  expect(guest.files()).toEqual(before);
  expect(guest.run(SETUP, TOKEN)).toMatchObject({ code: 1, said: expect.stringContaining('not the secret') });
});

const ENVIRONMENT = {
  BERTH_URL: SETTINGS.URL,
  BERTH_CONTAINER: SETTINGS.CONTAINER,
  BERTH_LDAP_URI: SETTINGS.LDAP_URI,
  BERTH_LDAP_BASE: SETTINGS.LDAP_BASE,
  BERTH_LDAP_BIND_DN: SETTINGS.BIND_DN,
  BERTH_LDAP_SECRET: 'beb_seen-by-pve',
  BERTH_LDAP_CA: SETTINGS.CA,
};

it('sets itself up from its environment, with a secret that did not stand there', () => {
  made('debian').environment(ENVIRONMENT);
  expect(guest.run(['setup', '--from-environment'])).toMatchObject({ code: 0 });
  expect([...guest.files().values()].join('\n')).not.toContain('beb_seen-by-pve');
  expect(guest.read('/etc/sssd/conf.d/50-berth.conf')).toContain(`ldap_default_authtok = ${SETTINGS.SECRET}\n`);
});

it('goes on where it stopped, and never back to the secret of its environment', () => {
  made('debian').environment(ENVIRONMENT);
  guest.answer(undefined);
  expect(guest.run(['setup', '--from-environment']).code).toBe(1);
  expect(guest.files().has('/etc/berth/set-up')).toBe(false);
  guest.answer(SETTINGS);
  expect(guest.run(['setup', '--from-environment']).code).toBe(0);
  guest.answer({}, 401);
  expect(guest.run(['setup', '--from-environment']).code).toBe(0);
  expect(guest.read('/etc/berth/logins.conf')).toContain(`SECRET=${SETTINGS.SECRET}\n`);
});

it('takes the next secret and the settings that came with it', () => {
  made('debian').run(SETUP, TOKEN);
  guest.answer({ ...SETTINGS, SECRET: 'beb_next', LDAP_URI: 'ldaps://moved.example:636' });
  expect(guest.run(['sync']).code).toBe(0);
  const conf = guest.read('/etc/sssd/conf.d/50-berth.conf');
  expect(conf).toContain('ldap_default_authtok = beb_next\n');
  expect(conf).toContain('ldap_uri = ldaps://moved.example:636\n');
  expect(guest.calls()).toContain('systemctl restart sssd');
  expect(guest.run(['sync']).said).not.toContain('wrote');
  expect(guest.calls()).not.toContain('restart sssd');
});
