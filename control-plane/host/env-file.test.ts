import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnv, withEnv } from './env-file.ts';

const WRITTEN = `# Ours, since 2026
BERTH_LDAP_URIS=ldaps://ldap.example:636
; BERTH_SERVER_NAMES=commented.example
BERTH_DATABASE_URL="postgres://berth:a\\"b@db/berth"
BERTH_LOG_LEVEL='de'bug
BERTH_SERVER_NAMES=one.example,\\
two.example
`;

describe('readEnv', () => {
  it('reads quotes, escapes and continued lines as systemd does', () => {
    expect(readEnv(WRITTEN)).toEqual({
      BERTH_LDAP_URIS: 'ldaps://ldap.example:636',
      BERTH_DATABASE_URL: 'postgres://berth:a"b@db/berth',
      BERTH_LOG_LEVEL: 'debug',
      BERTH_SERVER_NAMES: 'one.example,two.example',
    });
  });

  it('takes the last of two, and leaves what is no assignment', () => {
    expect(readEnv('A=1\nnonsense\nA= 2 \n#A=3\\\nB=4')).toEqual({ A: '2', B: '4' });
  });
});

describe('withEnv', () => {
  it('replaces a variable where it stands, adds what is missing, and leaves all else', () => {
    const after = withEnv(WRITTEN, { BERTH_SERVER_NAMES: 'three.example', BERTH_LISTEN: '0.0.0.0:443' });
    expect(after).toBe(`${WRITTEN.replace('one.example,\\\ntwo.example', 'three.example')}BERTH_LISTEN=0.0.0.0:443\n`);
  });

  it('changes nothing where the value is the same however it is written', () => {
    expect(withEnv('BERTH_LOG_LEVEL="info"', { BERTH_LOG_LEVEL: 'info' })).toBe('BERTH_LOG_LEVEL="info"\n');
  });

  it('refuses a value that could become more than a value', () => {
    for (const value of ['a\nB=c', 'a b', '$HOME', '"', "'", '\\', 'a#b', 'ü']) {
      expect(() => withEnv('', { BERTH_LISTEN: value })).toThrow(/cannot be set/);
    }
  });

  it('sets what it says and nothing else, whatever stands there', () => {
    const text = fc.string({
      unit: fc.constantFrom('A', 'BERTH_LISTEN=', '=', '\n', '#', '"', "'", '\\', ' ', 'x'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, (before) => {
        const after = readEnv(withEnv(before, { BERTH_LISTEN: 'host:1' }));
        expect(after).toEqual({ ...readEnv(before), BERTH_LISTEN: 'host:1' });
      }),
    );
  });
});
