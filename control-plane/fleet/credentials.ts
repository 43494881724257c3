import { ServerCredentials } from '@grpc/grpc-js';
import type { ServerIdentity } from './ca.ts';

const MINIMUM = 'TLSv1.3';

/**
 * Credentials of the agents' port: TLS 1.3, a client certificate of our authority required before anything of a
 * request is read, and a server certificate that can be replaced while the port stays open. grpc-js itself lets
 * neither the version be chosen nor the certificate be changed without watching files.
 */
export class AgentPortCredentials extends ServerCredentials {
  readonly #bundlePem: string;

  constructor(bundlePem: string, identity: ServerIdentity) {
    super({ requestCert: true, rejectUnauthorized: true, minVersion: MINIMUM }, contextOf(bundlePem, identity));
    this.#bundlePem = bundlePem;
  }

  /** Shows another certificate from now on; connections that are open stay. */
  replace(identity: ServerIdentity): void {
    this.updateSecureContextOptions(contextOf(this.#bundlePem, identity));
  }

  /** Whether two are interchangeable; each is its own. */
  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf(bundlePem: string, { chainPem, keyPem }: ServerIdentity) {
  return { ca: bundlePem, cert: chainPem, key: keyPem, minVersion: MINIMUM } as const;
}
