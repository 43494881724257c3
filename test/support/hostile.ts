/**
 * Hostile strings, shared by the tests of everything that takes text from users. Each carries a mark, so that its way
 * into a file shows, and each holds something that no name, address or number of ours may have.
 */
import fc from 'fast-check';

/** Stands in every hostile string and nowhere else. */
export const MARK = 'evilmark';

/** What ends, quotes, opens or hides something for one of the programs that read our files. */
const ODD = [
  ...[
    ';',
    '"',
    "'",
    '`',
    '}',
    '{',
    '\n',
    '\r',
    '\r\n',
    '\t',
    '\0',
    ' ',
    '\\',
    '|',
    '&',
    '~',
    '@',
    ',',
    '#',
    '/',
    '../',
  ],
  ...['$host', '$' + '{host}', '$(id)', '%0a', '%s', '<b>'],
  // A byte order mark, marks that turn the direction of text, joiners, separators of lines, look-alikes.
  ...[
    '\ufeff',
    '\u200f',
    '\u202e',
    '\u2066',
    '\u200d',
    '\u00ad',
    '\u2028',
    '\u0085',
    'ａ',
    'а',
    '。',
    '．',
    '；',
    '１',
  ],
  ...['\nevil.lab 6.6.6.6;', '\naddress=/#/6.6.6.6', '; return 200 "x"; #', '"; include /etc/passwd;', '\n[snap]\n'],
  'x'.repeat(300),
];

/** Letters and digits of other scripts that look like, or fold to, those of ASCII. */
const LOOK_ALIKES: Readonly<Record<string, readonly string[]>> = {
  a: ['а', 'ａ', 'ɑ', 'á'],
  e: ['е', 'ｅ', 'é'],
  i: ['і', 'ı', 'ｉ'],
  k: ['\u212a', 'к'],
  o: ['о', 'ο', '০'],
  s: ['ſ', 'ѕ'],
  '0': ['٠', '０'],
  '1': ['١', '１', 'l\u0301'],
  '.': ['。', '．', '․'],
  ':': ['：', '꞉'],
  '-': ['‐', '−', '\u00ad'],
  '/': ['⁄', '／'],
};

/** A hostile string, sometimes around something that is right by itself. */
export const hostileText: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', 'a.apps.lab', '10.0.0.1', '*.apps.lab', '::1', '02:00:00:00:00:01', 'https://pve1'),
    fc.oneof(
      fc.constantFrom(...ODD),
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `${text};`),
    ),
  )
  .map(([before, odd]) => `${before}${odd}${MARK}${odd}`);

/** `right` with one of its characters replaced by one that looks like it. @throws when none has a look-alike */
export function lookAlikesOf(right: string): fc.Arbitrary<string> {
  const all = Array.from(right).flatMap((character, at) =>
    (LOOK_ALIKES[character] ?? []).map((other) => right.slice(0, at) + other + right.slice(at + 1)),
  );
  return fc.constantFrom(...all);
}

/** `right` with a hostile character put in somewhere, at its ends or inside. */
export function spoiled(right: string): fc.Arbitrary<string> {
  const odd = fc.constantFrom('\n', '\r', '\0', ' ', '\t', ';', '"', '$', '{', '\ufeff', '\u202e', '\u200b', '\u2028');
  return fc.tuple(fc.nat(right.length), odd).map(([at, text]) => right.slice(0, at) + text + right.slice(at));
}
