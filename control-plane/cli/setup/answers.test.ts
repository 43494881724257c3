import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers } from './answers.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-answers-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('answers', () => {
  it('may be as few as the name; the password is made then', () => {
    const { settings, administrator } = readAnswers(file('few.json', { names: ['berth.example.org'] }));
    expect(settings).toEqual({
      names: ['berth.example.org'],
      databaseUrl: undefined,
      ldap: undefined,
      encryptCredentials: false,
    });
    expect(administrator).toMatchObject({ username: 'admin', email: undefined, passwordIsRandom: true });
    expect(administrator.password).toMatch(/^([0-9a-z]{5}-){3}[0-9a-z]{5}$/);
  });

  it('take a password and a URL from files', () => {
    const answers = readAnswers(
      file('files.json', {
        names: ['192.0.2.1'],
        administrator: { username: 'ada', email: 'Ada@Example.org', passwordFile: file('pw', 'correct horse b\nx') },
        databaseUrlFile: file('url', 'postgres://berth:p@db/berth\n'),
      }),
    );
    expect(answers.administrator).toEqual({
      username: 'ada',
      email: 'ada@example.org',
      password: 'correct horse b',
      passwordIsRandom: false,
    });
    expect(answers.settings.databaseUrl).toBe('postgres://berth:p@db/berth');
  });

  it.each([
    ['{', /few|JSON/],
    [{}, /names: /],
    [{ names: [] }, /names: /],
    [{ names: ['Berth.Example'] }, /names\.0: must be a DNS name/],
    [{ names: ['a\nb'] }, /names\.0: /],
    [{ names: ['1.2.3'] }, /names\.0: /],
    [{ names: ['b'], administrator: { username: 'root' } }, /administrator\.username: is used by systems/],
    [{ names: ['b'], administrator: { email: 'nobody' } }, /administrator\.email: must be one address/],
    [{ names: ['b'], administrator: { password: 'secret' } }, /administrator: .*"password"/],
    [{ names: ['b'], administrator: { passwordFile: '/nowhere/pw' } }, /administrator\.passwordFile: ENOENT/],
    [{ names: ['b'], databaseUrl: 'oracle://x' }, /databaseUrl: must be sqlite/],
    [{ names: ['b'], databaseUrl: 'postgres://a b' }, /databaseUrl: must be sqlite/],
    [{ names: ['b'], databaseUrl: 'sqlite:/a', databaseUrlFile: '/b' }, /databaseUrlFile: goes without/],
    [{ names: ['b'], ldap: 'yes' }, /ldap: /],
    [{ names: ['b'], colour: 'red' }, /the whole: .*"colour"/],
  ])('name the field that is wrong in %j', (content, message) => {
    expect(() => readAnswers(file('wrong.json', content))).toThrow(message);
  });

  it('refuse a password that is easily guessed', () => {
    const administrator = { username: 'ada', passwordFile: file('weak', 'password12\n') };
    expect(() => readAnswers(file('weak.json', { names: ['b'], administrator }))).toThrow(
      /administrator\.passwordFile: the password /,
    );
  });
});
