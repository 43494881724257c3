import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { guardedFetch } from './guarded-fetch.ts';
import { createRelyingParty, newChallenge, type ProviderSettings } from './relying-party.ts';

const HOUR = 3_600_000;
const BACK = 'https://berth.example/back';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** Serves on loopback. @returns where */
async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const settings = (issuer: string, change: Partial<ProviderSettings> = {}): ProviderSettings => ({
  id: 'idp-1',
  displayName: 'Corp',
  issuer,
  clientId: 'berth',
  clientSecret: 'secret',
  scopes: 'openid',
  ...change,
});

/** A provider's configuration, changed. */
const serveConfiguration = async (change: object = {}) => {
  const seen: string[] = [];
  const issuer: string = await serve((request, response) => {
    seen.push(request.url ?? '');
    const metadata = { issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, ...change };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata));
  });
  return { issuer, seen };
};

describe('what a provider says of itself', () => {
  it('is kept for an hour, and asked for again after that or when the settings change', async () => {
    const { issuer, seen } = await serveConfiguration();
    const clock = new VirtualClock();
    const party = createRelyingParty({ clock });
    const ask = (change = {}) => party.authorizationUrl(settings(issuer, change), BACK, newChallenge());
    await Promise.all([ask(), ask()]);
    await clock.advance(HOUR - 1);
    await ask();
    expect(seen).toHaveLength(1);
    await clock.advance(1);
    await ask();
    expect(seen).toHaveLength(2);
    await ask({ clientId: 'another' });
    expect(seen).toHaveLength(3);
  });

  it('is asked for again after it could not be had', async () => {
    let answers = 0;
    const issuer: string = await serve((_, response) => {
      answers++;
      response.statusCode = 503;
      response.end();
    });
    const party = createRelyingParty({ clock: new VirtualClock() });
    const ask = () => party.authorizationUrl(settings(issuer), BACK, newChallenge());
    for (const times of [1, 2]) {
      await expect(ask()).rejects.toMatchObject({ reason: 'provider_unreachable' });
      expect(answers).toBe(times);
    }
  });

  it.each([
    ['that it is another', { issuer: 'https://evil.test' }],
    ['that people sign in without TLS', { authorization_endpoint: 'http://id.example.org/auth' }],
    ['that a script is its sign-in page', { authorization_endpoint: 'javascript:alert(1)' }],
  ])('is not believed when it says %s', async (_, change) => {
    const { issuer } = await serveConfiguration(change);
    const party = createRelyingParty({ clock: new VirtualClock() });
    const asked = party.authorizationUrl(settings(issuer), BACK, newChallenge());
    await expect(asked).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('what providers serve', () => {
  it('is fetched over https, and http on loopback only', async () => {
    await expect(
      guardedFetch('http://id.example.org/', { method: 'GET', headers: {}, body: undefined, redirect: 'manual' }),
    ).rejects.toThrow('neither https nor on loopback');
  });

  it('is read as far as an answer may be long', async () => {
    const address = await serve((_, response) => {
      response.on('error', () => {});
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    await expect(
      guardedFetch(address, { method: 'GET', headers: {}, body: undefined, redirect: 'manual' }),
    ).rejects.toThrow('more than');
  });
});
