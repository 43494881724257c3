import { checkServerIdentity, connect, type PeerCertificate } from 'node:tls';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { fault, ok, spanText, warning } from './check.ts';

const WITHIN_MS = 3_000;
const DAY_MS = 86_400_000;
/** Renewed at two thirds to three quarters of 30 days, so what has less left was not renewed. */
const LEAST_LEFT_MS = 5 * DAY_MS;

/** A certificate as it came in a handshake. */
export interface Served {
  certificate: PeerCertificate;
  /** Why it is not trusted, in OpenSSL's words; undefined when it is. */
  distrust: string | undefined;
}

/** Takes the certificate that is served somewhere. @param ca PEM to trust; undefined: the system's */
export function takeCertificate(
  at: { host: string; port: number; servername?: string },
  ca: string | undefined,
): Promise<Served> {
  const { promise, resolve, reject } = Promise.withResolvers<Served>();
  const options = { ...at, ...(ca && { ca }), rejectUnauthorized: false, timeout: WITHIN_MS };
  const socket = connect({ ...options, checkServerIdentity: () => undefined }, () => {
    const distrust = socket.authorized ? undefined : String(socket.authorizationError);
    resolve({ certificate: socket.getPeerCertificate(), distrust });
    socket.destroy();
  });
  socket.on('timeout', () => socket.destroy(new Error(`no answer within ${WITHIN_MS} ms`)));
  socket.on('error', reject);
  return promise;
}

/** Whether a server's certificate is trusted, covers its names and was renewed in time. */
export function servedFindings({ certificate, distrust }: Served, names: readonly string[], now: number): Finding[] {
  const check = 'certificate';
  const restart = 'Restart the service, which issues a new one: "systemctl restart berth".';
  const notAfter = Date.parse(certificate.valid_to);
  const left = notAfter - now;
  const found: Finding[] = [];
  if (distrust && left > 0) {
    const remedy = 'Something else listens there, or its authority is another: compare /var/lib/berth/ca.pem.';
    found.push(fault(check, `the server's is not trusted (${distrust})`, remedy));
  }
  const uncovered = names.filter((name) => checkServerIdentity(name, certificate));
  if (uncovered.length > 0) found.push(fault(check, `the server's does not cover ${uncovered.join(', ')}`, restart));
  if (left <= 0) found.push(fault(check, `the server's ended ${spanText(left)} ago`, `Look at the clock. ${restart}`));
  else if (left < LEAST_LEFT_MS) {
    found.push(warning(check, `the server's ends in ${spanText(left)} and was not renewed`, restart));
  }
  return found.length > 0 ? found : [ok(check, `the server's covers its names and has ${spanText(left)} left`)];
}
