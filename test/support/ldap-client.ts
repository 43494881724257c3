import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Client } from 'ldapjs';

// A CommonJS module whose exports Node cannot tell by their names.
const { createClient }: typeof import('ldapjs') = createRequire(import.meta.url)('ldapjs');

/** A client that keeps its connection, as SSSD does: ldapjs's own, over TLS. */
export class LdapClient {
  readonly #client: Client;

  /** @param caFile PEM file of the authority to trust */
  constructor(port: number, caFile: string) {
    this.#client = createClient({
      url: `ldaps://127.0.0.1:${port}`,
      tlsOptions: { ca: readFileSync(caFile, 'utf8') },
    });
    this.#client.on('error', () => undefined);
  }

  /** Binds. @returns the result code */
  bind(dn: string, password: string): Promise<number> {
    return new Promise((resolve) => this.#client.bind(dn, password, (error) => resolve(error?.code ?? 0)));
  }

  /** Values of one attribute of the entries found. @throws with the result code when there is none but 0 */
  values(base: string, filter: string, attribute: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const options = { scope: 'sub' as const, filter, attributes: [attribute] };
      this.#client.search(base, options, (error, response) => {
        if (error) return reject(error);
        const found: string[] = [];
        response.on('searchEntry', ({ pojo }) => found.push(...pojo.attributes.flatMap(({ values }) => values)));
        response.on('error', reject);
        response.on('end', () => resolve(found));
      });
    });
  }

  close(): void {
    this.#client.destroy();
  }
}
