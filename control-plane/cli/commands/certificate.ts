import { readFileSync } from 'node:fs';
import {
  type Certificate,
  CertificateSchema,
  DomainsService,
  RevocationReason,
} from '@berth/proto/api/v1/domains_pb.js';
import { Command, Option } from 'commander';
import { clientOf } from '../client.ts';
import { stateText } from '../domain-words.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { timeText } from '../times.ts';

const REASONS = {
  unspecified: RevocationReason.UNSPECIFIED,
  'key-compromise': RevocationReason.KEY_COMPROMISE,
  superseded: RevocationReason.SUPERSEDED,
  'cessation-of-operation': RevocationReason.CESSATION_OF_OPERATION,
};

/** `berth certificate …`. */
export function certificateCommand(): Command {
  const certificate = new Command('certificate').description('Certificates of external domains');
  addReading(certificate);
  certificate
    .command('renew')
    .argument('<certificate>', 'identifier')
    .description('Order it anew now, whatever its age')
    .addHelpText('after', '\nExample:\n  berth certificate renew mct-01jf3k…')
    .action(async (id: string, _options, command: Command) => {
      show(command, (await clientOf(DomainsService, command).renewCertificate({ certificate: id })).certificate);
    });
  certificate
    .command('revoke')
    .argument('<certificate>', 'identifier')
    .addOption(
      new Option('--reason <why>', 'what its authority is told').choices(Object.keys(REASONS)).default('unspecified'),
    )
    .description('Revoke it at its authority; another one with a new key is ordered')
    .addHelpText('after', '\nExample:\n  berth certificate revoke mct-01jf3k… --reason key-compromise')
    .action(async (id: string, options: { reason: keyof typeof REASONS }, command: Command) => {
      const request = { certificate: id, reason: REASONS[options.reason] };
      show(command, (await clientOf(DomainsService, command).revokeCertificate(request)).certificate);
    });
  certificate
    .command('upload')
    .argument('<domain>', 'name or identifier of the domain')
    .requiredOption('--chain <file>', 'PEM file with the certificate, then those that signed it')
    .requiredOption('--key <file>', 'PEM file with its private key, not encrypted')
    .description('Serve a certificate that somebody else has issued')
    .addHelpText(
      'after',
      '\nExample:\n  berth certificate upload apps.example.org --chain fullchain.pem --key privkey.pem',
    )
    .action(async (domain: string, options: { chain: string; key: string }, command: Command) => {
      const [chainPem, keyPem] = [readFileSync(options.chain, 'utf8'), readFileSync(options.key, 'utf8')];
      const request = { domain, chainPem, keyPem };
      show(command, (await clientOf(DomainsService, command).uploadCertificate(request)).certificate);
    });
  return certificate;
}

function addReading(certificate: Command): void {
  certificate
    .command('list')
    .argument('<domain>', 'name or identifier of the domain')
    .description('List the certificates of a domain')
    .addHelpText('after', '\nExample:\n  berth certificate list apps.example.org -o json')
    .action(async (domain: string, _options, command: Command) => {
      printList(command, CertificateSchema, await all(domain, command), [
        { title: 'NAME', value: (c) => c.name },
        { title: 'STATE', value: (c) => stateText(c.state) },
        { title: 'ISSUER', value: (c) => c.issuer || 'itself' },
        { title: 'ENDS', value: (c) => timeText(c.notAfter) },
        { title: 'NEXT TRY', value: (c) => timeText(c.nextTryAt) },
        { title: 'ID', value: (c) => c.id },
      ]);
    });
  certificate
    .command('get')
    .argument('<domain>', 'name or identifier of the domain')
    .argument('[name]', 'the one name it is for; else the one of the whole domain')
    .description('Show a certificate')
    .addHelpText('after', '\nExample:\n  berth certificate get apps.example.org web1.apps.example.org')
    .action(async (domain: string, name: string | undefined, _options: unknown, command: Command) => {
      const certificates = await all(domain, command);
      const found = name === undefined ? certificates[0] : certificates.find((c) => c.name === name || c.id === name);
      if (!found) throw new CliError(`${domain} has no certificate${name ? ` for ${name}` : ''}.`);
      show(command, found);
    });
}

function all(domain: string, command: Command): Promise<Certificate[]> {
  const client = clientOf(DomainsService, command);
  return allPages(async (pageToken) => {
    const page = await client.listCertificates({ domain, pageSize: 200, pageToken });
    return { items: page.certificates, next: page.nextPageToken };
  });
}

function show(command: Command, certificate: Certificate | undefined): void {
  if (!certificate) throw new CliError('the server sent no certificate.');
  printMessage(command, CertificateSchema, certificate, [
    ['Certificate', `${certificate.name} (${certificate.id})`],
    ['Covers', certificate.dnsNames.join(', ')],
    ['State', stateText(certificate.state)],
    ['Issuer', certificate.issuer || 'itself'],
    ['Serial', certificate.serial],
    ['Begins', timeText(certificate.notBefore)],
    ['Ends', timeText(certificate.notAfter)],
    ['Next try', [timeText(certificate.nextTryAt), certificate.nextTryReason].filter((text) => text).join(': ')],
    ['Failures', certificate.failures],
    ['Last error', certificate.lastError],
    ['Under way', certificate.progress],
    ['Explanation', certificate.explanationUrl],
  ]);
}
