/** As much of ldapjs's client as the tests use; it brings no types. */
declare module 'ldapjs' {
  export interface SearchEntry {
    readonly pojo: { attributes: { type: string; values: string[] }[] };
  }
  export interface SearchResponse {
    on(event: 'searchEntry', listener: (entry: SearchEntry) => void): void;
    on(event: 'error', listener: (error: LdapError) => void): void;
    on(event: 'end', listener: (result: { status: number }) => void): void;
  }
  export interface LdapError extends Error {
    code: number;
  }
  export interface Client {
    bind(dn: string, password: string, done: (error: LdapError | null) => void): void;
    search(
      base: string,
      options: { scope: 'base' | 'one' | 'sub'; filter: string; attributes: string[] },
      done: (error: LdapError | null, response: SearchResponse) => void,
    ): void;
    on(event: 'error', listener: (error: Error) => void): void;
    destroy(): void;
  }
  export function createClient(options: { url: string; tlsOptions: { ca: string } }): Client;
}
