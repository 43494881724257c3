/** The domain in which the agent keeps its own records, so that it can ask the running dnsmasq what it serves. */
export const INTERNAL_DOMAIN = 'berth.invalid';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const SERVICE_LABEL = /^_[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$/i;

/** Whether `text` is a host name's single label: letters, digits and inner hyphens, 1–63 of them (RFC 1123, 2.1). */
export function isHostLabel(text: string): boolean {
  return LABEL.test(text);
}

/**
 * Whether `text` is a DNS name of at least two labels and at most 253 characters, without trailing dot. The last label
 * must not be a number: such a name would be read as an address.
 */
export function isDnsName(text: string): boolean {
  const labels = text.split('.');
  if (text.length > 253 || labels.length < 2 || !labels.every(isHostLabel)) return false;
  return !/^[0-9]+$/.test(labels.at(-1) ?? '');
}

/** Whether `text` is a DNS name some labels of which may begin with an underscore, as names of records for programs do. */
export function isRecordName(text: string): boolean {
  return text.length <= 253 && isDnsName(text.replaceAll(/(?<=^|\.)_(?=[a-z0-9])/gi, ''));
}

/** Whether `text` is "_service._proto.name" (RFC 2782). */
export function isServiceName(text: string): boolean {
  const [service, protocol, ...rest] = text.split('.');
  if (text.length > 253 || !SERVICE_LABEL.test(service ?? '')) return false;
  return /^_(tcp|udp|tls|sctp)$/i.test(protocol ?? '') && isDnsName(rest.join('.'));
}

/** Whether a name belongs to the agent itself. */
export function isInternal(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === INTERNAL_DOMAIN || lower.endsWith(`.${INTERNAL_DOMAIN}`);
}
