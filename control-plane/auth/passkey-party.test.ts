import { describe, expect, it } from 'vitest';
import { passkeyPartyOf } from './passkey-party.ts';

const of = (publicUrl: string, plainListen?: { host: string; port: number }) =>
  passkeyPartyOf({ publicUrl, plainListen });

describe('the relying party', () => {
  it('is the name under which the pages are reached', () => {
    expect(of('https://berth.example:8443')).toEqual({ id: 'berth.example', origins: ['https://berth.example:8443'] });
    expect(of('https://berth.example/')?.origins).toEqual(['https://berth.example']);
  });

  it('is on localhost the pages without TLS too', () => {
    const plain = { host: '127.0.0.1', port: 8080 };
    expect(of('https://localhost:8443', plain)?.origins).toEqual(['https://localhost:8443', 'http://localhost:8080']);
    expect(of('https://berth.example', plain)?.origins).toEqual(['https://berth.example']);
  });

  it.each(['https://192.0.2.1:8443', 'https://[2001:db8::1]', 'http://berth.example'])('is none at %s', (url) => {
    expect(of(url)).toBeUndefined();
  });
});
