import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSshKey } from './parse-ssh-key.ts';

const SIGNS = [
  ['ed25519', []],
  ['ecdsa', ['-b', '256']],
  ['ecdsa', ['-b', '384']],
  ['ecdsa', ['-b', '521']],
  ['rsa', ['-b', '2048']],
] as const;

/** A field of a key blob. */
const field = (bytes: Buffer | string) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.from(bytes).length);
  return Buffer.concat([length, Buffer.from(bytes)]);
};
const line = (type: string, ...fields: (Buffer | string)[]) =>
  `${type} ${Buffer.concat([field(type), ...fields.map(field)]).toString('base64')}`;
const fault = (text: string) => {
  const parsed = parseSshKey(text);
  return 'fault' in parsed ? parsed.fault : undefined;
};

describe('SSH keys', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'berth-keys-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const run = (...args: string[]) => execFileSync('ssh-keygen', args, { encoding: 'utf8' });

  it.each(SIGNS)('made by ssh-keygen (%s %j) are taken, with the fingerprint it tells', (type, bits) => {
    const file = join(directory, `${type}${bits.join('')}`);
    run('-q', '-t', type, ...bits, '-N', '', '-C', 'ada at home', '-f', file);
    const text = readFileSync(`${file}.pub`, 'utf8');
    const parsed = parseSshKey(text);
    if ('fault' in parsed) throw new Error(parsed.fault);
    expect(run('-l', '-f', `${file}.pub`)).toContain(` ${parsed.key.fingerprint} `);
    expect(parsed.key.comment).toBe('ada at home');
    expect(text.trim()).toBe(`${parsed.key.publicKey} ada at home`);
    expect(fault(readFileSync(file, 'utf8'))).toMatch(/private key/);
  });

  it('of security keys are taken', () => {
    const ed25519 = line('sk-ssh-ed25519@openssh.com', Buffer.alloc(32, 1), 'ssh:');
    const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]);
    expect(fault(ed25519)).toBeUndefined();
    expect(fault(line('sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', point, 'ssh:berth'))).toBeUndefined();
    expect(fault(line('sk-ssh-ed25519@openssh.com', Buffer.alloc(32, 1), 'a b'))).toBeDefined();
    expect(fault(line('sk-ssh-ed25519@openssh.com', Buffer.alloc(32, 1)))).toBeDefined();
  });

  const good = line('ssh-ed25519', Buffer.alloc(32, 1));
  it.each([
    ['nothing', ' '],
    ['options before the type', `command="id" ${good}`],
    ['options before the type', `no-pty,from="10.0.0.1" ${good}`],
    ['two keys', `${good}\n${good}`],
    ['a type of its own', `ssh-foo ${good.split(' ')[1]}`],
    ['the type of another', `ssh-rsa ${good.split(' ')[1]}`],
    ['a name of every object', `constructor ${good.split(' ')[1]}`],
    ['base64 with something behind', `${good}!`],
    ['base64 in another alphabet', line('ssh-ed25519', Buffer.alloc(32, 0xff)).replaceAll('/', '_')],
    ['a cut end', good.slice(0, -4)],
    ['bytes behind the key', line('ssh-ed25519', Buffer.alloc(32, 1), 'x')],
    ['a short key', line('ssh-ed25519', Buffer.alloc(31, 1))],
    ['a compressed point', line('ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(33, 2))],
    ['another curve', line('ecdsa-sha2-nistp256', 'nistp384', Buffer.alloc(97, 4))],
    ['DSA', line('ssh-dss', Buffer.alloc(20, 1))],
    ['a certificate', line('ssh-ed25519-cert-v01@openssh.com', Buffer.alloc(32, 1))],
    [
      'RSA of 1,024 bits',
      line('ssh-rsa', Buffer.from([1, 0, 1]), Buffer.concat([Buffer.from([0, 0x81]), Buffer.alloc(127, 1)])),
    ],
    ['RSA with an even exponent', line('ssh-rsa', Buffer.from([2]), Buffer.alloc(257, 1))],
    ['RSA with a negative modulus', line('ssh-rsa', Buffer.from([3]), Buffer.alloc(256, 0xff))],
    ['RSA without end', line('ssh-rsa', Buffer.from([3]), Buffer.alloc(8_000, 1))],
  ])('are refused with %s', (_, text) => expect(fault(text)).toBeDefined());

  it('never let anything through but a type and base64', () => {
    const odd = fc.constantFrom('\n', '\r', '\0', ' ', '\t', '"', ',', '=', '\u2028', 'A');
    fc.assert(
      fc.property(fc.nat(good.length), odd, (at, sign) => {
        const parsed = parseSshKey(good.slice(0, at) + sign + good.slice(at));
        if ('key' in parsed) expect(parsed.key.publicKey).toMatch(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/);
      }),
    );
  });
});
