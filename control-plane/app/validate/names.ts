import { domainToASCII } from 'node:url';
import { shapeFault } from './text.ts';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOSTNAME = new RegExp(`^${LABEL}$`);
const DOMAIN = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})+$`);

/** A host name: one lower-case DNS label (RFC 1123). Look-alikes from other scripts do not match. */
export function hostnameFault(name: string): string | undefined {
  return shapeFault(name, HOSTNAME, 'must be 1–63 lower-case letters, digits and inner hyphens');
}

/** A lower-case DNS name of at least two labels without trailing dot. Its last label may not be all digits. */
export function domainFault(name: string): string | undefined {
  const fault = shapeFault(name, DOMAIN, 'must be a lower-case DNS name such as "apps.example", without trailing dot');
  if (fault) return fault;
  if (/(^|\.)[0-9]+$/.test(name)) return 'must not end in a number, as an address does';
  return domainToASCII(name) === name ? undefined : 'is not a valid DNS name';
}

/** A login name. */
export function usernameFault(name: string): string | undefined {
  const description = 'must begin with a lower-case letter or "_" and have at most 32 of a–z, 0–9, "_", "." and "-"';
  return shapeFault(name, /^[a-z_][a-z0-9_.-]{0,31}$/, description);
}

/**
 * Names that Linux systems give to accounts and groups of their own. In a guest, a directory group "sudo" or "docker"
 * would have the rights of the guest's own group of that name, for both are found by name.
 */
const SYSTEM_NAMES = new Set(
  [
    'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup adm tty disk',
    'dialout fax voice cdrom floppy tape sudo audio dip operator src shadow utmp video sasl plugdev staff users wheel',
    'docker lxd lxc libvirt kvm render input crontab messagebus sshd sssd nslcd polkitd admin ssh ssl-cert netdev',
    'systemd-journal systemd-network systemd-resolve systemd-timesync _apt _ssh postfix mysql postgres nginx apache http',
    'halt shutdown ftp lock mem kmem uuidd tcpdump chrony incus incus-admin podman microk8s wireshark vboxusers',
  ].flatMap((line) => line.split(' ')),
);

/** A login name for somebody new. */
export function newUsernameFault(name: string): string | undefined {
  return (
    usernameFault(name) ?? (name !== 'admin' && SYSTEM_NAMES.has(name) ? 'is used by systems themselves' : undefined)
  );
}

/** The name of a group in the directory. */
export function groupNameFault(name: string): string | undefined {
  return usernameFault(name) ?? (SYSTEM_NAMES.has(name) ? 'is used by systems themselves' : undefined);
}

/** The name of a PVE node or cluster: one DNS label in either case. */
export function pveNameFault(name: string): string | undefined {
  const shape = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
  return shapeFault(name, shape, 'must be 1–63 letters, digits and inner hyphens');
}

/** A PVE storage id. */
export function storageFault(name: string): string | undefined {
  const shape = /^[a-zA-Z][a-zA-Z0-9\-_.]{0,98}[a-zA-Z0-9]$/;
  return shapeFault(name, shape, 'must be a storage name such as "local-lvm"');
}

/** A Linux bridge. */
export function bridgeFault(name: string): string | undefined {
  return shapeFault(name, /^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/, 'must be a bridge name such as "vmbr0"');
}

/** A template: a volume such as "local:vztmpl/debian-12.tar.zst" or its bare name. */
export function templateFault(name: string): string | undefined {
  const shape = /^(?:[a-zA-Z][a-zA-Z0-9\-_.]{0,99}:vztmpl\/)?[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,150}$/;
  return shapeFault(name, shape, 'must be a template name such as "debian-12" or a volume of type vztmpl');
}
