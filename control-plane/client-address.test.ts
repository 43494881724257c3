import { describe, expect, it } from 'vitest';
import { clientAddressBehind } from './client-address.ts';

const behind = clientAddressBehind(['10.0.0.5', '10.1.0.0/24', 'fd00::/64']);

describe('the address of a client', () => {
  it.each([
    ['198.51.100.7', undefined, '198.51.100.7'],
    ['::ffff:198.51.100.7', undefined, '198.51.100.7'],
    ['10.0.0.5', '192.0.2.9', '192.0.2.9'],
    ['::ffff:10.0.0.5', '192.0.2.9', '192.0.2.9'],
    ['10.0.0.5', '192.0.2.9, 10.1.0.77', '192.0.2.9'],
    ['fd00::1', '2001:db8::9', '2001:db8::9'],
  ])('%s that says %s is %s', (peer, forwardedFor, client) => {
    expect(behind(peer, forwardedFor)).toBe(client);
  });

  it('is not what a stranger says it is', () => {
    expect(behind('198.51.100.7', '10.0.0.5')).toBe('198.51.100.7');
    expect(behind('10.0.0.6', '192.0.2.9')).toBe('10.0.0.6');
  });

  it('is not what a client wrote before its proxy added to it', () => {
    expect(behind('10.0.0.5', '203.0.113.1, 192.0.2.9')).toBe('192.0.2.9');
    expect(behind('10.0.0.5', '10.0.0.5, 192.0.2.9')).toBe('192.0.2.9');
  });

  it.each(['', ' ', 'unknown', '192.0.2.9:1234', '"192.0.2.9"', '192.0.2.9, <script>'])(
    'is the proxy itself where it says "%s"',
    (forwardedFor) => {
      expect(behind('10.0.0.5', forwardedFor)).toBe('10.0.0.5');
    },
  );

  it('is the peer where no proxy is trusted', () => {
    expect(clientAddressBehind([])('10.0.0.5', '192.0.2.9')).toBe('10.0.0.5');
  });
});
