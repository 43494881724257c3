/**
 * A text as one word of a POSIX shell that means exactly itself.
 * @throws Error for a NUL, which no word can hold
 */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new Error('no word of a shell holds a NUL');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
