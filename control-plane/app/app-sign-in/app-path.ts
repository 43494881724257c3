/** Longest path that is come back to, in characters; of a longer one the beginning of the app has to do. */
const LONGEST = 600;

/**
 * Whether a text is a path with its query on some host, and nothing that leads to another one: "//host" and "/\host"
 * would, in a browser.
 */
export function isAppPath(text: string): boolean {
  return text.length <= LONGEST && /^\/(?![/\\])[!-[\]-~]*$/.test(text);
}

/** The text where it is a path, else "/". */
export function appPath(text: string): string {
  return isAppPath(text) ? text : '/';
}
