import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { setupCommand } from './setup-command.ts';
import { shellQuote } from './shell-quote.ts';

it.each(['/bin/sh', '/bin/bash'])('means to %s exactly what was quoted', (shell) => {
  const texts = fc.array(
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').toWellFormed()),
    {
      minLength: 1,
      maxLength: 50,
    },
  );
  fc.assert(
    fc.property(texts, (given) => {
      const words = [...given, "it's", '$(id)', '`id`', '\\', "'", '', '\n', '-n', '*'];
      const script = words.map((word) => `printf '%s\\0' ${shellQuote(word)}`).join('\n');
      expect(execFileSync(shell, { input: script }).toString().split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 20 },
  );
});

it('refuses what no word can hold', () => {
  expect(() => shellQuote('a\0b')).toThrow('NUL');
});

it('makes one line that verifies everything it fetches', () => {
  const caPem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  const command = setupCommand({ url: 'https://berth.example:8443', caPem, token: 'beg_x', with: 'nslcd' });
  expect(command).toBe(
    "mkdir -p /etc/berth && printf %s 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=' " +
      '| base64 -d >/etc/berth/ca.pem && s=$(mktemp) && ' +
      'curl -fsS --proto =https --cacert /etc/berth/ca.pem -o "$s" \'https://berth.example:8443/guest/setup.sh\' && ' +
      "BERTH_TOKEN='beg_x' sh \"$s\" setup --url 'https://berth.example:8443' --with nslcd",
  );
});
