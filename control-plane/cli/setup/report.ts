/** What `berth setup` says at its end. */
import { X509Certificate } from 'node:crypto';
import type { Config } from '../../config.ts';
import type { HostPaths } from '../../host/paths.ts';
import type { Administrator } from './answers.ts';
import { authorityOf, type Standing } from './standing.ts';

/** The end of a set-up: what to open, whom to trust, what comes next. */
export function doneText(config: Config, paths: HostPaths, made: Administrator | undefined): string {
  const rows = [
    ['Open', `${config.publicUrl}/`],
    ...(made ? [['Sign in as', made.username]] : []),
    ...(made?.passwordIsRandom ? [['Password', `${made.password}   (shown only now)`]] : []),
    ['Authority', `${paths.caFile}, for browsers and clients to trust`],
    ['Its SHA-256', fingerprint(config)],
  ];
  return `\nBerth is set up and serves.\n\n${columns(rows)}
Next, for each nginx, dnsmasq and Proxmox host, on the pages or here:

  berth login ${config.publicUrl} --ca ${paths.caFile}
  berth site create --help
  berth agent create --site SITE --roles nginx     # prints the one command to run on the host

"berth doctor" says whether all is well.
`;
}

/** What a second run says, which changes nothing. */
export function standingText({ config, running, administrator }: Standing & { config: Config }): string {
  const rows = [
    ['Address', `${config.publicUrl}/`],
    ['Names', config.serverNames.join(', ')],
    ['Database', databaseName(config.databaseUrl)],
    [
      'LDAPS',
      config.ldapListen.ldaps ? `${config.ldapListen.ldaps.host}:${config.ldapListen.ldaps.port}` : 'none here',
    ],
    ['Service', running ? 'runs' : 'does not run; "systemctl start berth" starts it'],
    ...(running ? [['Administrator', administrator ? 'there is one' : 'is still to be made']] : []),
    ['CA SHA-256', fingerprint(config)],
  ];
  return `Berth is set up here already. Nothing was changed; "berth setup --change" changes names, database and LDAP.

${columns(rows)}`;
}

function columns(rows: string[][]): string {
  const width = Math.max(...rows.map(([label = '']) => label.length));
  return rows.map(([label = '', value = '']) => `  ${label.padEnd(width)}  ${value}\n`).join('');
}

/** A database without its password. */
export function databaseName(url: string): string {
  if (url.startsWith('sqlite:')) return url;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function fingerprint(config: Config): string {
  const pem = authorityOf(config);
  return pem ? new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase() : 'made at the first start';
}
