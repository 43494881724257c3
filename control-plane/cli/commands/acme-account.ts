import { readFileSync } from 'node:fs';
import { type AcmeAccount, AcmeAccountSchema, AcmeAccountsService } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { maskOf } from '../parse.ts';

const FIELDS = {
  name: 'name',
  email: 'email',
  termsAgreed: 'terms_agreed',
  eabKeyId: 'eab_key_id',
  eabHmacKey: 'eab_hmac_key',
  caPem: 'ca_pem',
};

interface AccountOptions {
  name?: string;
  email?: string;
  agreeToTerms?: boolean;
  eabKeyId?: string;
  eabHmacKeyFile?: string;
  caFile?: string;
}

/** `berth acme-account …`. */
export function acmeAccountCommand(): Command {
  const account = new Command('acme-account').description('Accounts at certificate authorities (ACME)');
  withFields(account.command('create').argument('<name>', 'short name'))
    .requiredOption('--directory <url>', 'URL of the directory, or letsencrypt or letsencrypt-staging')
    .description('Make an account; it is registered with its first order')
    .addHelpText(
      'after',
      `
Examples:
  berth acme-account create letsencrypt --directory letsencrypt --email ops@example.org --agree-to-terms
  berth acme-account create zerossl --directory https://acme.zerossl.com/v2/DV90 --agree-to-terms \\
    --eab-key-id KEY-ID --eab-hmac-key-file hmac.txt`,
    )
    .action(async (name: string, options: AccountOptions & { directory: string }, command: Command) => {
      const { directory: directoryUrl, ...rest } = options;
      const request = { account: { ...resolve(rest), name, directoryUrl } };
      show(command, (await clientOf(AcmeAccountsService, command).createAcmeAccount(request)).account);
    });
  addReading(account);
  withFields(account.command('update').argument('<account>', 'identifier or name'))
    .option('--name <name>', 'another short name')
    .description('Change what is named, and nothing else')
    .addHelpText('after', '\nExample:\n  berth acme-account update letsencrypt --email certificates@example.org')
    .action(async (reference: string, options: AccountOptions, command: Command) => {
      const client = clientOf(AcmeAccountsService, command);
      const { account: found } = await client.getAcmeAccount({ account: reference });
      const fields = resolve(options);
      const updateMask = { paths: maskOf(fields, FIELDS) };
      const change = { ...fields, id: found?.id ?? '' };
      show(command, (await client.updateAcmeAccount({ account: change, updateMask })).account);
    });
  account
    .command('delete')
    .argument('<account>', 'identifier or name')
    .description('Remove an account that no domain uses')
    .action(async (reference: string, _options, command: Command) => {
      await clientOf(AcmeAccountsService, command).deleteAcmeAccount({ account: reference });
    });
  return account;
}

function addReading(account: Command): void {
  account
    .command('list')
    .description('List the accounts')
    .action(async (_options, command: Command) => {
      const client = clientOf(AcmeAccountsService, command);
      const accounts = await allPages(async (pageToken) => {
        const page = await client.listAcmeAccounts({ pageSize: 200, pageToken });
        return { items: page.accounts, next: page.nextPageToken };
      });
      printList(command, AcmeAccountSchema, accounts, [
        { title: 'NAME', value: (a) => a.name },
        { title: 'DIRECTORY', value: (a) => a.directoryUrl },
        { title: 'E-MAIL', value: (a) => a.email },
        { title: 'REGISTERED', value: (a) => (a.accountUrl ? 'yes' : 'no') },
        { title: 'DOMAINS', value: (a) => a.domains.length },
      ]);
    });
  account
    .command('get')
    .argument('<account>', 'identifier or name')
    .description('Show an account')
    .action(async (reference: string, _options, command: Command) => {
      show(command, (await clientOf(AcmeAccountsService, command).getAcmeAccount({ account: reference })).account);
    });
}

function withFields(command: Command): Command {
  return command
    .option('--email <address>', 'where the authority writes to')
    .option('--agree-to-terms', "agree to the authority's terms of service")
    .option('--eab-key-id <id>', 'key identifier of an external account binding; empty for none')
    .option('--eab-hmac-key-file <file>', 'file with its HMAC key, base64url (kept out of the process list)')
    .option('--ca-file <file>', "PEM file of the authority that signed the directory's own certificate");
}

function resolve({ agreeToTerms, eabHmacKeyFile, caFile, ...fields }: AccountOptions) {
  return {
    ...fields,
    ...(agreeToTerms ? { termsAgreed: true } : {}),
    ...(eabHmacKeyFile ? { eabHmacKey: readFileSync(eabHmacKeyFile, 'utf8').trim() } : {}),
    ...(caFile ? { caPem: readFileSync(caFile, 'utf8') } : {}),
  };
}

function show(command: Command, account: AcmeAccount | undefined): void {
  if (!account) throw new CliError('the server sent no account.');
  printMessage(command, AcmeAccountSchema, account, [
    ['Account', `${account.name} (${account.id})`],
    ['Directory', account.directoryUrl],
    ['E-mail', account.email],
    ['Terms', account.termsAgreed ? 'agreed to' : 'not agreed to'],
    ['External key', account.eabKeyId],
    ['Registered', account.accountUrl || 'not yet'],
    ['Last error', account.lastError],
    ['Domains', account.domains.join(', ')],
  ]);
}
