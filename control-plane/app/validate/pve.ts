import { X509Certificate } from 'node:crypto';
import { hostFault } from './addresses.ts';
import { shapeFault } from './text.ts';

const MAX_PEM = 64 * 1024;
const PEM = /^(?:-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]{1,76}\n)+-----END CERTIFICATE-----\n?)+$/;

/** Base URL of a PVE API: https, a host, maybe a port, nothing else. */
export function apiUrlFault(text: string): string | undefined {
  if (text === '') return 'is required';
  const description = 'must be an https URL of host and port such as "https://10.65.0.2:8006"';
  if (text.length > 255) return description;
  const [, host = '', port = '443'] =
    /^https:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([1-9]\d{0,4}))?\/?$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) return description;
  if (host.startsWith('[') && !host.includes(':')) return description;
  return hostFault(host.replace(/^\[|\]$/g, '')) === undefined ? undefined : description;
}

/** API token id: "user@realm!name". */
export function tokenIdFault(text: string): string | undefined {
  const shape = /^[A-Za-z0-9_.-]{1,60}@[A-Za-z][A-Za-z0-9._-]{1,31}![A-Za-z][A-Za-z0-9._-]{1,62}$/;
  return shapeFault(text, shape, 'must look like "user@realm!name"');
}

/** API token secret, as PVE makes them. */
export function tokenSecretFault(text: string): string | undefined {
  const shape = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
  return shapeFault(text, shape, 'must be a UUID, as PVE shows it once');
}

/** One or more certificates in PEM; empty is fine. */
export function certificatePemFault(text: string): string | undefined {
  if (text === '') return undefined;
  const normal = text.replaceAll('\r\n', '\n');
  if (normal.length > MAX_PEM || !PEM.test(normal)) return 'must be certificates in PEM';
  for (const [pem] of normal.matchAll(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g)) {
    try {
      new X509Certificate(pem);
    } catch {
      return 'holds a certificate that cannot be read';
    }
  }
  return undefined;
}

/** SHA-256 fingerprint in colon-separated hex; empty is fine. */
export function fingerprintFault(text: string): string | undefined {
  if (text === '') return undefined;
  return shapeFault(text, /^(?:[0-9a-fA-F]{2}:){31}[0-9a-fA-F]{2}$/, 'must be a SHA-256 as 32 colon-separated bytes');
}
