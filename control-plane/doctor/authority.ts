import { X509Certificate } from 'node:crypto';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { fault, ok, spanText, warning } from './check.ts';

const YEAR_MS = 365 * 86_400_000;

/** An authority of the installation. */
export interface AuthorityFact {
  /** Whose certificates it signs, such as "agents". */
  of: string;
  pem: string;
}

/** Whether the installation's own authorities are valid, and long enough. @param now milliseconds since the epoch */
export function authorityFindings(authorities: readonly AuthorityFact[], now: number): Finding[] {
  return authorities.map(({ of, pem }) => {
    const certificate = new X509Certificate(pem);
    const left = Date.parse(certificate.validTo) - now;
    const early = Date.parse(certificate.validFrom) - now;
    if (early > 0) {
      const message = `the authority of ${of} is valid only in ${spanText(early)}: this clock is behind`;
      return fault('authority', message, 'Set the clock right: "timedatectl".');
    }
    if (left <= 0) {
      const remedy = 'Every certificate under it is void: restore from a backup with the clock right, or set up anew.';
      return fault('authority', `that of ${of} ended ${spanText(left)} ago`, remedy);
    }
    const message = `that of ${of} has ${spanText(left)} left`;
    if (left > YEAR_MS) return ok('authority', message);
    return warning('authority', message, 'Plan a new installation of the authority before: hosts enrol again then.');
  });
}
