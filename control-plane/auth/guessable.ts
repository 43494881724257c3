/**
 * Whether a password is one of those that are tried first. Length alone does not help against "qwertyuiop" or one's
 * own name with a year behind it, so besides a list of what people most often choose (the ones of ten characters and
 * more among the 30,000 most frequent in published leaks, as the zxcvbn project counted them) there are rules for
 * what no list can hold: rows of keys, few characters over and over, and words that stand close to the account.
 */
import { readFileSync } from 'node:fs';

const common = new Set(
  readFileSync(new URL('./common-passwords.txt', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n'),
);

/** Keys and letters side by side. */
const ROWS = [
  ...['abcdefghijklmnopqrstuvwxyz', '01234567890', '09876543210', 'qwertyuiop[]', 'qwertzuiopü+'],
  ...['asdfghjkl;', 'asdfghjklöä', 'azertyuiop', 'qsdfghjklm', 'zxcvbnm,./', 'yxcvbnm,.-'],
].flatMap((row) => [row, [...row].reverse().join('')]);

/** Words that are in everybody's password. */
const USUAL = [
  'password',
  'passwort',
  'welcome',
  'qwerty',
  'qwertz',
  'azerty',
  'letmein',
  'iloveyou',
  'changeme',
].concat(['administrator', 'admin', 'berth', 'container', 'proxmox', 'monkey', 'dragon', 'master', 'secret']);

const LEET: Record<string, string> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', $: 's', '@': 'a' };

/** Characters, besides words that are near, that make a password hard to guess. */
const REST = 5;
const DIFFERENT = 4;
const SHORTEST_WORD = 3;

/**
 * What makes a password easy to guess, or undefined.
 * @param words near the account: login name, names, address, what the installation calls itself
 */
export function guessableFault(password: string, words: readonly string[]): string | undefined {
  const plain = password.normalize('NFKC').toLowerCase();
  const forms = [plain, plain.replaceAll(/[013457$@]/g, (sign) => LEET[sign] ?? sign)];
  if (forms.some(isCommon)) return 'is one of those that are tried first; choose another';
  if (new Set(plain).size < DIFFERENT) return `must have at least ${DIFFERENT} different characters`;
  if (ROWS.some((row) => row.includes(plain))) return 'must not be a row of keys or letters';
  if (forms.some((form) => rest(form, [...USUAL, ...nearWords(words)]) < REST)) {
    return 'must not be made of your name, your address or words that everybody uses';
  }
  return undefined;
}

function isCommon(form: string): boolean {
  return common.has(form) || common.has(form.replaceAll(/^[^a-z]+|[^a-z]+$/g, ''));
}

/** Letters and digits that are left without the words. */
function rest(form: string, words: readonly string[]): number {
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  const left = longestFirst.reduce((text, word) => text.replaceAll(word, ' '), form);
  return [...left.replaceAll(/[^\p{L}\p{N}]/gu, '')].length;
}

/** The words of names and addresses, in small letters. */
function nearWords(words: readonly string[]): string[] {
  return words
    .flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)])
    .map((word) => word.normalize('NFKC').toLowerCase())
    .filter((word) => word.length >= SHORTEST_WORD);
}
