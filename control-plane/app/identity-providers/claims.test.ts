import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupValues, personOf } from './claims.ts';

const answer = (idToken: object, userInfo: object = {}) => ({
  issuer: 'https://id.test',
  subject: 's',
  idToken: { ...idToken },
  userInfo: { ...userInfo },
});
const verified = (...claims: [object, object?]) => personOf(answer(...claims)).verifiedEmail;

describe('an address', () => {
  it('counts as verified with the word of the source it comes from', () => {
    expect(verified({ email: 'Ada@Corp.test', email_verified: true })).toBe('ada@corp.test');
    expect(verified({}, { email: 'ada@corp.test', email_verified: 'true' })).toBe('ada@corp.test');
  });

  it("does not count with another source's word", () => {
    expect(verified({ email: 'root@corp.test' }, { email_verified: true })).toBeUndefined();
    expect(verified({ email: 'root@corp.test' }, { email: 'eve@corp.test', email_verified: true })).toBe(
      'eve@corp.test',
    );
  });

  it.each([
    { email: 'ada@corp.test' },
    { email: 'ada@corp.test', email_verified: false },
    { email: 'ada@corp.test', email_verified: 1 },
    { email: ['ada@corp.test'], email_verified: true },
    { email: 'a@b@corp.test', email_verified: true },
    { email: 'ada@corp.test\nBcc: eve@corp.test', email_verified: true },
    { email: `${'x'.repeat(250)}@corp.test`, email_verified: true },
    { email: '', email_verified: true },
  ])('does not count in %j', (claims) => {
    expect(verified(claims)).toBeUndefined();
  });
});

describe('groups', () => {
  it.each([
    [{ groups: ['a', 'b'] }, 'groups', ['a', 'b']],
    [{ groups: 'a' }, 'groups', ['a']],
    [{ realm_access: { roles: ['a'] } }, 'realm_access.roles', ['a']],
    [{ 'https://corp.test/groups': ['a'] }, 'https://corp.test/groups', ['a']],
    [{ groups: ['a', 1, null, { b: 'c' }] }, 'groups', ['a']],
    [{ groups: { a: true } }, 'groups', []],
    [{ groups: null }, 'groups', []],
    [{}, 'constructor.name', []],
  ])('of %j under %s are %j', (claims, name, values) => {
    expect([...groupValues(answer(claims), name)]).toEqual(values);
    expect([...groupValues(answer({}, claims), name)]).toEqual(values);
  });
});

it('reads whatever a provider may send without failing', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('email', 'name', 'groups', 'preferred_username'), fc.jsonValue()),
      (claims) => {
        const person = personOf(answer(claims as object));
        expect(person.displayName).not.toMatch(/[\p{Cc}\u202e]/u);
        groupValues(answer(claims as object), 'groups.a');
      },
    ),
  );
});
