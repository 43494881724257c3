/** Longest path that is come back to, in characters. */
const LONGEST = 600;

/**
 * Whether a text is a path with its query on some host, and nothing that leads to another one: "//host" and "/\\host"
 * would, in a browser.
 */
export function isAppPath(text: string): boolean {
  return text.length <= LONGEST && /^\/(?![/\\])[!-[\]-~]*$/.test(text);
}

/** Where browsers find a path of an app. */
export function appUrl({ appsPort }: { appsPort: number }, host: string, path: string): string {
  return `https://${host}${appsPort === 443 ? '' : `:${appsPort}`}${path}`;
}
