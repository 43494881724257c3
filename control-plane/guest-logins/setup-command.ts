import { shellQuote } from './shell-quote.ts';

/** What a set-up command is made of. */
export interface SetupCommandParts {
  /** Base URL of the control plane as guests reach it. */
  url: string;
  /** Certificate of its authority. */
  caPem: string;
  /** Works once. */
  token: string;
  with?: 'sssd' | 'nslcd' | undefined;
}

/**
 * The one line that sets up logins in a container. The authority travels in the line itself, not just its hash: so
 * curl verifies everything from the first byte on, and no connection is ever made that is not.
 */
export function setupCommand({ url, caPem, token, with: service }: SetupCommandParts): string {
  const ca = shellQuote(Buffer.from(caPem).toString('base64'));
  const script = shellQuote(`${url}/guest/setup.sh`);
  return [
    `mkdir -p /etc/berth && printf %s ${ca} | base64 -d >/etc/berth/ca.pem`,
    's=$(mktemp)',
    `curl -fsS --proto =https --cacert /etc/berth/ca.pem -o "$s" ${script}`,
    `BERTH_TOKEN=${shellQuote(token)} sh "$s" setup --url ${shellQuote(url)}${service ? ` --with ${service}` : ''}`,
  ].join(' && ');
}
