import { shapeFault } from './text.ts';

/** Longest path of a service, as long as the column that holds it. */
const MAX_PATH = 200;
/** Whole segments of what needs no escape in a URI (RFC 3986, 3.3) nor in a configuration: it is compared as written. */
const PATH = /^(?:\/[A-Za-z0-9._~@:+-]{1,100}){1,16}$/;

/**
 * Headers that belong to the connection or frame the message (RFC 9110, 7.6.1; RFC 9112, 6), that nginx itself answers
 * for, or that say who is asking: none of them is a user's to set or to remove.
 */
const RESERVED = new Set(
  [
    'connection keep-alive proxy-connection te trailer transfer-encoding upgrade http2-settings content-length expect',
    'host proxy-authenticate proxy-authorization',
    'x-real-ip x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port forwarded x-original-uri',
    'x-user x-preferred-username x-groups x-email x-berth-error x-accel-redirect x-accel-buffering x-accel-charset',
    'x-accel-expires x-accel-limit-rate strict-transport-security date server alt-svc',
  ].flatMap((line) => line.split(' ')),
);

/** A prefix of paths: whole segments, none of them "." or "..", no trailing slash. */
export function pathFault(path: string): string | undefined {
  if (path.length > MAX_PATH) return `must have at most ${MAX_PATH} characters`;
  const fault = shapeFault(
    path,
    PATH,
    'must be like "/api": at most 16 whole segments of letters, digits and any of . _ ~ @ : + -',
  );
  if (fault) return fault;
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) return 'must not have "." or ".." in it';
  if (`${path}/`.startsWith('/.berth/')) return 'is where people sign in to apps and out of them';
  return `${path}/`.startsWith('/.well-known/acme-challenge/')
    ? 'is where authorities look for their tokens'
    : undefined;
}

/** A path as it is kept: "/" for all, else without trailing slash. */
export function normalPath(path: string): string {
  const short = path.replace(/\/$/, '');
  return short === '' ? '/' : short;
}

/** A path to ask a container for, which may be "/" and end in a slash. */
export function healthPathFault(path: string): string | undefined {
  return path === '/' ? undefined : pathFault(path.replace(/\/$/, ''));
}

/**
 * The name of a header that may be set: of the tokens of RFC 9110, 5.6.2, those of letters, digits, hyphen and
 * underscore, at most 64 characters.
 */
export function headerNameFault(name: string): string | undefined {
  const shape = /^[A-Za-z0-9_-]{1,64}$/;
  const fault = shapeFault(name, shape, 'must be a header name such as "X-Frame-Options"');
  if (fault) return fault;
  return RESERVED.has(name.toLowerCase()) ? 'is set by the ingress itself' : undefined;
}

/**
 * The value of a header: printable ASCII of at most 1,000 characters, nothing around it (RFC 9110, 5.5). What nginx
 * could not be told as mere text is refused: "$", "\\", and quotes of both kinds at once.
 */
export function headerValueFault(value: string): string | undefined {
  if (value.length > 1_000) return 'must have at most 1000 characters';
  if (!/^[\x20-\x7e]*$/.test(value) || /[$\\]/.test(value)) return 'must be printable ASCII without "$" and "\\"';
  if (value.includes('"') && value.includes("'")) return 'must have quotes of one kind at most';
  return value === value.trim() ? undefined : 'must not begin or end with a space';
}

/** The name of somebody who signs in at the ingress (RFC 7617, 2): no colon. */
export function basicAuthNameFault(name: string): string | undefined {
  const description = 'must have 1–64 letters, digits and any of . _ @ + -';
  return shapeFault(name, /^[A-Za-z0-9._@+-]{1,64}$/, description);
}

/** The password of somebody who signs in at the ingress: 8–128 printable characters. */
export function basicAuthPasswordFault(password: string): string | undefined {
  const length = [...password].length;
  if (length < 8 || length > 128) return 'must have 8–128 characters';
  return /[\p{Cc}\p{Cs}]/u.test(password) ? 'must not contain control characters' : undefined;
}
