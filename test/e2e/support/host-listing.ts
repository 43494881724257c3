import type { RealHost } from '../../lab/hosts/real-host.ts';

/** Everything by which an administrator tells two states of a host apart, as lines. */
export async function listingOf(host: RealHost): Promise<Set<string>> {
  const output = await host.shell(LIST, { timeoutMs: 60_000 });
  return new Set(output.split('\n'));
}

/** What is gone (`- …`) and what has come (`+ …`), in order. */
export function differences(before: Set<string>, after: Set<string>): string[] {
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ].sort();
}

/**
 * Files with their kinds, modes, owners and targets, and what stands in those of /etc; unit files; accounts; running
 * services; ports. Left out are what stands in the accounts' backups, and services that ended well after a first boot,
 * and /etc/credstore itself, which is systemd's but made by whoever first puts something there.
 */
const LIST = `set -e
find /etc /usr /lib/systemd /var/lib /srv /opt /root -xdev \\( -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd \\
  -o -path /var/lib/private \\) -prune -o ! -path /etc/credstore -printf 'file %p %M %u:%g %l\\n'
find /etc -xdev -type f ! -name '*-' -exec sha256sum {} + | sed 's/^/content /'
systemctl list-unit-files --no-legend --plain --no-pager | sed 's/  */ /g; s/^/unit /'
systemctl list-units --no-legend --plain --no-pager --type=service,path,socket --state=active |
  awk '$4 != "exited" { print "active " $1 " " $4 }'
getent passwd | sed 's/^/account /'
getent group | sed 's/^/group /'
ss -Hltnu | awk '{ print "port " $1 " " $5 }'`;
