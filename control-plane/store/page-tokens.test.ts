import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { pageKey, pageOf, pageToken } from './page-tokens.ts';

describe('page tokens', () => {
  it('give back the key they were made of, for their own list only', () => {
    const key = fc.string({ maxLength: 200 });
    fc.assert(
      fc.property(key, fc.string({ maxLength: 50 }), (text, list) => {
        const token = pageToken(list, text);
        expect(token).toMatch(/^[\w-]+$/);
        expect(pageKey(list, token)).toBe(text);
        expect(() => pageKey(`${list}x`, token)).toThrow(AppError);
      }),
    );
  });

  it('refuse anything else, naming the field', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (token) => {
        expect(() => pageKey('sites', token)).toThrow(
          expect.objectContaining({ violations: [expect.objectContaining({ field: 'page_token' })] }),
        );
      }),
    );
    expect(pageKey('sites', '')).toBeUndefined();
  });

  it('walk a list to its end without leaving out or doubling', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 20 })), fc.integer({ min: 1, max: 5 }), (names, size) => {
        const all = names.toSorted();
        const walked: string[] = [];
        let token = '';
        do {
          const after = pageKey('names', token);
          const rows = all.filter((name) => after === undefined || name > after).slice(0, size + 1);
          const page = pageOf('names', rows, size, (name) => name);
          walked.push(...page.rows);
          token = page.nextPageToken;
        } while (token !== '');
        expect(walked).toEqual(all);
      }),
    );
  });
});
