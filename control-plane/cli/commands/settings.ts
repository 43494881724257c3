import { readFileSync } from 'node:fs';
import { MailSecurity, type Settings, SettingsSchema, SettingsService } from '@berth/proto/api/v1/settings_pb.js';
import { Command, Option } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printMessage } from '../output.ts';
import { maskOf, wholeNumber } from '../parse.ts';

const SECURITIES = { starttls: MailSecurity.STARTTLS, tls: MailSecurity.TLS, none: MailSecurity.NONE };
const FIELDS = {
  name: 'public_name',
  registration: 'registration_open',
  approval: 'approval_required',
  mailHost: 'mail.host',
  mailPort: 'mail.port',
  mailSecurity: 'mail.security',
  mailUsername: 'mail.username',
  mailPasswordFile: 'mail.password',
  mailSender: 'mail.sender_address',
  mailCa: 'mail.ca_pem',
  warnDays: 'certificate_warnings.days',
  warnWebhook: 'certificate_warnings.webhook_url',
  warnWebhookSecretFile: 'certificate_warnings.webhook_secret',
};

interface SettingsOptions {
  name?: string;
  registration?: 'open' | 'closed';
  approval?: 'required' | 'none';
  mailHost?: string;
  mailPort?: number;
  mailSecurity?: keyof typeof SECURITIES;
  mailUsername?: string;
  mailPasswordFile?: string;
  mailSender?: string;
  mailCa?: string;
  warnDays?: number[];
  warnWebhook?: string;
  warnWebhookSecretFile?: string;
}

/** `berth settings …`. */
export function settingsCommand(): Command {
  const settings = new Command('settings').description('What holds for the whole installation');
  settings
    .command('get')
    .description('Show the settings')
    .action(async (_options, command: Command) => {
      show(command, (await clientOf(SettingsService, command).getSettings({})).settings);
    });
  addUpdate(settings);
  settings
    .command('test-mail')
    .argument('<email>', 'address to send it to')
    .description('Send a mail now and tell what the mail server said')
    .action(async (recipient: string, _options, command: Command) => {
      const { answer } = await clientOf(SettingsService, command).sendTestMail({ recipient });
      process.stdout.write(`${answer}\n`);
    });
  settings
    .command('mail-to-all')
    .argument('<subject>')
    .description('Send the text on standard input to everybody who is active and has an address')
    .addHelpText('after', '\nExample:\n  berth settings mail-to-all "Closed on Sunday" < text.txt')
    .action(async (subject: string, _options, command: Command) => {
      const text = readFileSync(0, 'utf8');
      const { recipients } = await clientOf(SettingsService, command).sendMailToAll({ subject, text });
      process.stdout.write(`On its way to ${recipients} people.\n`);
    });
  return settings;
}

function addUpdate(settings: Command): void {
  settings
    .command('update')
    .description('Change what is named, and nothing else')
    .option('--name <name>', 'what the installation calls itself')
    .addOption(new Option('--registration <state>', 'whether anybody may register').choices(['open', 'closed']))
    .addOption(new Option('--approval <state>', 'whether new accounts wait').choices(['required', 'none']))
    .option('--mail-host <name>', 'mail server; empty: none')
    .option('--mail-port <port>', 'its port; 0: the usual one', wholeNumber)
    .addOption(new Option('--mail-security <kind>', 'how it is protected').choices(Object.keys(SECURITIES)))
    .option('--mail-username <name>', 'as whom to sign in')
    .option('--mail-password-file <file>', 'file with the password; /dev/stdin reads standard input')
    .option('--mail-sender <email>', 'address that mails come from')
    .option('--mail-ca <file>', 'PEM file of the authority that signed its certificate')
    .option('--warn-days <days>', 'warn so many days before certificates end, e.g. 14,7,3,1; "" never', daysOption)
    .option('--warn-webhook <url>', 'what is told of each warning, too; empty: none')
    .option('--warn-webhook-secret-file <file>', 'file with what its calls are signed with')
    .addHelpText(
      'after',
      `
Example:
  berth settings update --mail-host mail.example.org --mail-username berth --mail-password-file password \\
    --mail-sender berth@example.org`,
    )
    .action(async (options: SettingsOptions, command: Command) => {
      const updateMask = { paths: maskOf({ ...options }, FIELDS) };
      const request = { settings: settingsOf(options), updateMask };
      show(command, (await clientOf(SettingsService, command).updateSettings(request)).settings);
    });
}

function daysOption(text: string): number[] {
  return text === '' ? [] : text.split(',').map(wholeNumber);
}

function settingsOf(options: SettingsOptions) {
  const contents = (file: string | undefined) => (file === undefined ? '' : readFileSync(file, 'utf8'));
  const secret = (file: string | undefined) => contents(file).replace(/\r?\n$/, '');
  return {
    publicName: options.name ?? '',
    registrationOpen: options.registration === 'open',
    approvalRequired: options.approval === 'required',
    mail: {
      host: options.mailHost ?? '',
      port: options.mailPort ?? 0,
      security: SECURITIES[options.mailSecurity ?? 'starttls'],
      username: options.mailUsername ?? '',
      password: secret(options.mailPasswordFile),
      senderAddress: options.mailSender ?? '',
      caPem: contents(options.mailCa),
    },
    certificateWarnings: {
      days: options.warnDays ?? [],
      webhookUrl: options.warnWebhook ?? '',
      webhookSecret: secret(options.warnWebhookSecretFile),
    },
  };
}

function show(command: Command, settings: Settings | undefined): void {
  if (!settings) throw new CliError('the server sent no settings.');
  const { mail, mailState, certificateWarnings: warnings } = settings;
  printMessage(command, SettingsSchema, settings, [
    ['Name', settings.publicName],
    ['Registration', settings.registrationOpen ? 'open' : 'closed'],
    ['Approval', settings.approvalRequired ? 'required' : 'none'],
    ['Mail server', mail?.host ? `${mail.host}, port ${mail.port || 'as usual'}` : 'none: no mail is sent'],
    ['Sender', mail?.senderAddress || 'none'],
    ['Mails', `${mailState?.queued ?? 0} waiting, ${mailState?.failed ?? 0} given up in 30 days`],
    ['Last trouble', mailState?.lastError || 'none'],
    ['Warnings', warnings?.days.length ? `${warnings.days.join(', ')} days before certificates end` : 'none'],
    ['Webhook', warnings?.webhookUrl || 'none'],
    ['Its trouble', warnings?.webhookLastError || 'none'],
  ]);
}
