import { type Domain, DomainSchema } from '@berth/proto/api/v1/domains_pb.js';
import type { Command } from 'commander';
import { ACCESS, CHALLENGES, certificatesText, grantText, SCOPES, wordOf } from './domain-words.ts';
import { CliError } from './explain.ts';
import { printMessage } from './output.ts';
import { timeText } from './times.ts';

/** Prints a domain. */
export function showDomain(command: Command, domain: Domain | undefined): void {
  if (!domain) throw new CliError('the server sent no domain.');
  const yes = (value: boolean) => (value ? 'yes' : 'no');
  printMessage(command, DomainSchema, domain, [
    ['Domain', `${domain.name} (${domain.id})`],
    ['Of', domain.owner || 'the site'],
    ['Access', wordOf(ACCESS, domain.access)],
    ...domain.grants.map((grant): [string, string] => ['Given to', grantText(grant)]),
    ['Proven', yes(domain.verified)],
    ...proofRows(domain),
    ['Certificates', certificatesText(domain)],
    ['Scope', wordOf(SCOPES, domain.certificateScope)],
    ['ACME account', domain.acmeAccount],
    ['Challenge', wordOf(CHALLENGES, domain.challenge)],
    ['DNS provider', domain.dnsProvider],
    ['Public records', yes(domain.publishDns)],
    ['HSTS', `${domain.hstsMaxAgeSeconds} s`],
    ['HSTS below', yes(domain.hstsIncludeSubdomains)],
    ['HSTS preload', yes(domain.hstsPreload)],
    ['oauth2-proxy', domain.oauth2ProxyUrl],
    ...domain.conditions.map((c): [string, string] => [c.kind, c.message]),
  ]);
}

function proofRows({ proof }: Domain): [string, string][] {
  if (!proof) return [];
  return [
    ['Prove by TXT', `${proof.txtName} "${proof.txtValue}"`],
    ['or by file', `${proof.httpUrl} that says ${proof.txtValue}`],
    ['Looked for', timeText(proof.checkedAt) || 'never'],
    ['Found instead', proof.lastError],
  ];
}
