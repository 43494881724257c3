import { isIPv4, isIPv6 } from 'node:net';

type FormatCheck = (value: string) => string | undefined;

const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DNS_NAME = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
const STORAGE_CONTENT = ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'none', 'import'];

const matches =
  (pattern: RegExp, text: string | ((value: string) => string)): FormatCheck =>
  (value) =>
    pattern.test(value) ? undefined : typeof text === 'string' ? text : text(value);

const looksLike =
  (valid: (value: string) => boolean, what: string): FormatCheck =>
  (value) =>
    valid(value) ? undefined : `value does not look like a valid ${what}`;

function isCidr(value: string, isAddress: (v: string) => boolean, minBits: number, maxBits: number): boolean {
  const [address = '', bits = '', rest] = value.split('/');
  return rest === undefined && isAddress(address) && /^\d+$/.test(bits) && +bits >= minBits && +bits <= maxBits;
}

function isTimeZone(value: string): boolean {
  if (value === 'host') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

function isResolver(value: string): boolean {
  const [address = '', iface] = value.split('%');
  if (iface === undefined) return isIPv4(value) || isIPv6(value);
  return /^fe80:/i.test(address) && isIPv6(address) && iface.length > 0;
}

const CHECKS: Record<string, FormatCheck> = {
  'pve-node': looksLike((v) => /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/.test(v), 'node name'),
  'pve-vmid': looksLike((v) => /^[1-9][0-9]{2,8}$/.test(v), 'VM ID'),
  'dns-name': looksLike((v) => DNS_NAME.test(v), 'DNS name'),
  'mac-addr': looksLike((v) => /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i.test(v), 'unicast MAC address'),
  ipv4: looksLike(isIPv4, 'IPv4 address'),
  ipv6: looksLike(isIPv6, 'IPv6 address'),
  'pve-ipv4-config': looksLike(
    (v) => v === 'dhcp' || v === 'manual' || isCidr(v, isIPv4, 1, 32),
    'ipv4 network configuration',
  ),
  'pve-ipv6-config': looksLike(
    (v) => ['auto', 'dhcp', 'manual'].includes(v) || isCidr(v, isIPv6, 8, 128),
    'ipv6 network configuration',
  ),
  'lxc-ip-with-ll-iface': looksLike(isResolver, 'IP address'),
  'disk-size': looksLike((v) => /^\d+(?:\.\d+)?[KMGT]?$/.test(v), 'disk size'),
  'pve-tag': matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, 'invalid characters in tag'),
  'pve-storage-id': matches(/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i, (v) => `storage ID '${v}' contains illegal characters`),
  'pve-volume-id': matches(/^[^:\s]+:.+$/, (v) => `unable to parse volume ID '${v}'`),
  'pve-configid': matches(/^[a-z][a-z0-9_-]+$/i, (v) => `invalid configuration ID '${v}'`),
  'pve-poolid': matches(/^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/, (v) => `invalid pool ID '${v}'`),
  'pve-startup-order': matches(
    /^(?:(?:order=)?\d+|up=\d+|down=\d+)(?:,(?:up|down|order)=\d+)*$/,
    (v) => `unable to parse startup option '${v}'`,
  ),
  'pve-ct-timezone': (v) => (isTimeZone(v) ? undefined : `invalid time zone '${v}'`),
  'pve-task-status-type': matches(/^(?:ok|error|warning|unknown)$/, (v) => `invalid status '${v}'`),
  'pve-storage-content': (v) => (STORAGE_CONTENT.includes(v) ? undefined : `invalid content type '${v}'`),
};

/** Splits a list as PVE does: commas, semicolons, NUL or white space. */
export function splitList(value: string): string[] {
  return value.split(/[,;\0\s]+/).filter((item) => item !== '');
}

/** PVE's complaint about a value of a named format, without trailing newline; undefined when it is fine. */
export function checkFormat(format: string, value: string): string | undefined {
  const single = CHECKS[format];
  if (single) return single(value);
  const element = format.endsWith('-list') ? CHECKS[format.slice(0, -'-list'.length)] : undefined;
  if (!element) return undefined;
  for (const item of splitList(value)) {
    const complaint = element(item);
    if (complaint) return complaint;
  }
  return undefined;
}
