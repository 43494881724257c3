import type { FakeDistribution } from './fake-guest.ts';

const SSHD = '# Stock configuration\nInclude /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\n';
const NSSWITCH =
  '# Name services\npasswd:         files systemd\ngroup:          files systemd\nshadow:         files\n';

// As pam-auth-update: adds and takes away a line for each profile.
const PAM_AUTH_UPDATE = `
for profile in "$@"; do
  case $profile in
    sss | ldap) file=common-auth line="auth sufficient pam_$profile.so" ;;
    mkhomedir) file=common-session line='session optional pam_mkhomedir.so' ;;
    berth-sudo) file=common-session line='session optional pam_exec.so quiet /usr/lib/berth/berth-logins sudo-rules' ;;
    *) continue ;;
  esac
  if [ "$1" = --enable ]; then echo "$line" >>"$root/etc/pam.d/$file"
  else grep -vxF "$line" "$root/etc/pam.d/$file" >"$root/new"; mv "$root/new" "$root/etc/pam.d/$file"; fi
done`;

const debian = (release: string): FakeDistribution => ({
  shell: 'dash',
  files: {
    '/etc/os-release': release,
    '/run/systemd/system/about': '',
    '/etc/nsswitch.conf': NSSWITCH,
    '/etc/ssh/sshd_config': SSHD,
    '/etc/pam.d/common-auth': 'auth required pam_unix.so\n',
    '/etc/pam.d/common-session': 'session required pam_unix.so\n',
    '/etc/group': 'root:x:0:\nnslcd:x:110:\n',
    '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nnslcd:x:106:110::/run/nslcd:/usr/sbin/nologin\n',
    '/etc/nslcd.conf': 'uid nslcd\nuri ldap://127.0.0.1/\n',
  },
  programs: {
    'dpkg-query': 'echo installed',
    'apt-get': ':',
    systemctl: 'case $* in *is-enabled*) echo disabled ;; esac',
    'pam-auth-update': PAM_AUTH_UPDATE,
    sshd: ':',
    sudo: ':',
  },
});

/** The systems the script knows. */
export const distributions: Record<string, FakeDistribution> = {
  debian: debian('ID=debian\nVERSION_ID="12"\n'),
  ubuntu: debian('ID=ubuntu\nID_LIKE=debian\n'),
  rhel: {
    shell: 'dash',
    files: {
      '/run/systemd/system/about': '',
      '/etc/os-release': 'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
      '/etc/nsswitch.conf': NSSWITCH,
      '/etc/ssh/sshd_config': SSHD,
      '/etc/group': 'root:x:0:\n',
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    },
    programs: { sshd: ':', rpm: 'exit 1', dnf: ':', systemctl: ':', authselect: '[ "$1" != current ]', sudo: ':' },
  },
  alpine: {
    shell: 'busybox',
    files: {
      '/run/openrc/about': '',
      '/etc/os-release': 'ID=alpine\nVERSION_ID=3.22.0\n',
      '/etc/ssh/sshd_config': '# Stock configuration\nPasswordAuthentication yes\n',
      '/etc/crontabs/root': '*/15 * * * * run-parts /etc/periodic/15min\n',
      '/etc/conf.d/sshd': '# Options of sshd\n',
      '/etc/group': 'root:x:0:\n',
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      '/etc/pam.d/base-auth': '# basic PAM configuration\nauth required pam_env.so\nauth required pam_unix.so nullok\n',
      '/etc/pam.d/base-account': 'account required pam_unix.so\naccount required pam_nologin.so\n',
      '/etc/pam.d/base-password': 'password required pam_unix.so nullok sha512\n',
      '/etc/pam.d/base-session': 'session required pam_unix.so\n',
    },
    programs: { sshd: ':', apk: '[ "$1" != info ]', 'rc-update': ':', 'rc-service': ':', sudo: ':' },
  },
};
