/** A browser as far as a provider needs one: it follows redirects and keeps the provider's cookies. */
export class ProviderVisit {
  readonly #cookies = new Map<string, string>();

  /**
   * Goes to a provider's address, signs in there if asked, and stops when it is sent to another server.
   * @param login subject to sign in as; undefined goes back without signing in
   * @returns where it was sent
   */
  async go(address: string, login: string | undefined): Promise<URL> {
    const { origin } = new URL(address);
    let response = await this.#fetch(address);
    for (let hop = 0; hop < 20; hop++) {
      const location = response.headers.get('location');
      if (location === null) {
        if (response.status !== 200) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
        const body = new URLSearchParams(login === undefined ? { abort: '1' } : { login });
        response = await this.#fetch(response.url, { method: 'POST', body });
        continue;
      }
      const next = new URL(location, response.url);
      if (next.origin !== origin) return next;
      response = await this.#fetch(next.href);
    }
    throw new Error(`${address} sends around in circles`);
  }

  async #fetch(address: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(address, { ...init, headers: { cookie }, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}
