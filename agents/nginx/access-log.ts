/**
 * What is written about each request: one JSON object a line. nginx escapes what a client says (`escape=json`), and a
 * status that is none (HTTP/0.9 and connections that end early have "009" and "000") becomes 0, so every line is JSON
 * whatever was sent.
 */

/** Fields by name: a variable of nginx's, or a pair of it and `number` for what is written without quotes. */
const FIELDS: readonly (readonly [string, string, 'number'?])[] = [
  ['at', 'time_iso8601'],
  ['client', 'remote_addr'],
  ['host', 'host'],
  ['method', 'request_method'],
  ['uri', 'request_uri'],
  ['status', 'berth_status', 'number'],
  ['bytes', 'body_bytes_sent', 'number'],
  ['seconds', 'request_time', 'number'],
  ['backend', 'upstream_addr'],
  ['backend_seconds', 'upstream_response_time'],
  ['protocol', 'server_protocol'],
  ['tls', 'ssl_protocol'],
  ['agent', 'http_user_agent'],
  ['referer', 'http_referer'],
  ['id', 'berth_request_id'],
];

/** The usual ones, which a map answers in half the time when it knows them: the default has to be put together. */
const USUAL = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 499, 500, 502, 503, 504];
const STATUS = `  map $status $berth_status {
    default $status;
    000 0;
    009 0;
${USUAL.map((status) => `    ${status} ${status};`).join('\n')}
  }`;
const USER = `  map $remote_user $berth_user {
    default $remote_user;
    "" $berth_x_preferred_username;
  }`;

/**
 * The directives that write it, with the maps behind its variables.
 * @param file undefined: nothing is written
 * @param signIn whether anybody signs in before an app
 */
export function accessLog(file: string | undefined, signIn: boolean): string {
  if (file === undefined) return '  access_log off;';
  const all = [...FIELDS, ['user', signIn ? 'berth_user' : 'remote_user'] as const];
  const fields = all.map(([name, variable, kind]) => `"${name}":${kind ? `$${variable}` : `"$${variable}"`}`);
  return `${[STATUS, ...(signIn ? [USER] : [])].join('\n')}
  log_format berth escape=json '{${fields.join(`,'\n    '`)}}';
  access_log ${file} berth buffer=64k flush=1s;`;
}
