import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newUsernameFault } from '../validate/names.ts';
import { freeLoginName } from './login-name.ts';

const NOBODY = { preferredUsername: '', verifiedEmail: undefined, unverifiedEmail: undefined, displayName: '' };
const free = async (name: string) => newUsernameFault(name) !== undefined;

describe('login names', () => {
  it.each([
    [{ preferredUsername: 'ada' }, 'ada'],
    [{ preferredUsername: 'CORP\\Ada.Lovelace' }, 'corp-ada.lovelace'],
    [{ preferredUsername: 'ada@corp.test', verifiedEmail: 'other@corp.test' }, 'ada'],
    [{ verifiedEmail: 'ada.l@corp.test', displayName: 'Countess' }, 'ada.l'],
    [{ unverifiedEmail: '007@corp.test', displayName: 'James Bond' }, 'james-bond'],
    [{ displayName: 'Jiří Nováček' }, 'jiri-novacek'],
    [{ displayName: '王小明' }, 'user'],
    [{ preferredUsername: 'root' }, 'root-2'],
    [{ preferredUsername: 'x'.repeat(99) }, 'x'.repeat(32)],
  ])('of %j is %s', async (claims, name) => {
    expect(await freeLoginName({ ...NOBODY, ...claims }, free)).toBe(name);
  });

  it('have the form of login names, whatever is claimed and taken', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, text, fc.nat(30), async (preferredUsername, displayName, taken) => {
        let left = taken;
        const name = await freeLoginName(
          { ...NOBODY, preferredUsername, displayName },
          async (each) => (await free(each)) || left-- > 0,
        );
        expect(newUsernameFault(name)).toBeUndefined();
      }),
    );
  });
});
