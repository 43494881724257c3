import { waitFor } from '@berth/test/support/wait-for.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SessionClient } from './session-client.ts';
import { TestAuthority } from './testing/authority.ts';
import { FakeControlPlane } from './testing/fake-control-plane.ts';

let authority: TestAuthority;
let control: FakeControlPlane;
const warnings: Error[] = [];
const warned = (warning: Error) => void warnings.push(warning);

beforeAll(async () => {
  process.on('warning', warned);
  authority = await TestAuthority.create();
  control = new FakeControlPlane(authority);
  await control.start();
});

afterAll(() => {
  process.off('warning', warned);
  control.stop();
});

/** What comes of a session with a control plane that must show a certificate for `serverName`. */
async function outcome(serverName: string): Promise<string> {
  const identity = { ...(await authority.identity(`127.0.0.1:${control.port}`)), serverName };
  const client = new SessionClient(identity, { intervalMs: 10_000, timeoutMs: 5_000 });
  const before = control.streams.length;
  const stream = client.session();
  let failure = '';
  stream.on('error', ({ message }) => {
    failure = message;
  });
  await waitFor(() => failure !== '' || control.streams.length > before, { what: 'a session or a refusal' });
  stream.cancel();
  client.close();
  return failure || 'session';
}

it('verifies the control plane by name or by address, and shows no address as a server name', async () => {
  expect(await outcome('localhost')).toBe('session');
  expect(await outcome('127.0.0.1')).toBe('session');
  expect(await outcome('')).toBe('session');
  expect(await outcome('127.0.0.2')).toContain('127.0.0.2');
  expect(await outcome('berth.example')).toContain('berth.example');
  expect(warnings.map(({ message }) => message)).toEqual([]);
});
