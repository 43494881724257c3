import { randomUUID } from 'node:crypto';
import {
  MailSecurity,
  MailSettingsSchema,
  type Settings,
  SettingsSchema,
  SettingsService,
} from '@berth/proto/api/v1/settings_pb.js';
import { create } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { checkbox } from '../components/checkbox.ts';
import { momentText } from '../components/moment.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable, textArea } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

const SECURITIES = [
  [String(MailSecurity.STARTTLS), 'STARTTLS'],
  [String(MailSecurity.TLS), 'TLS'],
  [String(MailSecurity.NONE), 'none (same machine only)'],
] as const;
const MAIL_PATHS = ['host', 'port', 'security', 'username', 'sender_address', 'ca_pem'].map((path) => `mail.${path}`);

/** What a form came to; `part` is the form's. */
interface Outcome {
  part?: 'general' | 'mail' | 'warnings' | 'test' | 'all';
  settings?: Settings;
  form?: Form;
  errors?: FormErrors;
  done?: string;
}

/** The settings of the installation, and mail to everybody. */
export function settingsPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await page(c, { ...(c.req.query('done') && { done: 'Saved.' }) })));
  pages.post('/', async (c) => {
    const form = await readForm(c);
    const settings = {
      publicName: form.public_name ?? '',
      registrationOpen: form.registration_open === 'yes',
      approvalRequired: form.approval_required === 'yes',
    };
    const paths = ['public_name', 'registration_open', 'approval_required'];
    const answer = await refusable(client(c).updateSettings({ settings, updateMask: { paths } }));
    if (answer.ok) return c.redirect('/settings?done=1', 303);
    const typed = create(SettingsSchema, settings);
    return c.html(await page(c, { part: 'general', settings: typed, errors: answer.errors }), answer.status);
  });
  pages.post('/mail', saveMail);
  pages.post('/warnings', saveWarnings);
  pages.post('/test-mail', async (c) => {
    const { recipient = '' } = await readForm(c);
    const answer = await refusable(client(c).sendTestMail({ recipient }));
    if (answer.ok) return c.html(await page(c, { done: `The mail server took the mail: ${answer.value.answer}` }));
    return c.html(await page(c, { part: 'test', form: { recipient }, errors: answer.errors }), answer.status);
  });
  pages.post('/mail-to-all', async (c) => {
    const form = await readForm(c);
    const { subject = '', text = '', key = '' } = form;
    const answer = await refusable(client(c).sendMailToAll({ subject, text, idempotencyKey: key }));
    if (answer.ok) return c.html(await page(c, { done: `On its way to ${answer.value.recipients} people.` }));
    return c.html(await page(c, { part: 'all', form, errors: answer.errors }), answer.status);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(SettingsService, c.get('transport'));
}

async function saveMail(c: Context<WebEnv>): Promise<Response> {
  const form = await readForm(c);
  const { host = '', username = '', smtp_password: password = '', sender_address: senderAddress = '' } = form;
  const port = /^\d{1,5}$/.test(form.port ?? '') ? Number(form.port) : 0;
  const security = Number(form.security) as MailSecurity;
  const mail = { host, port, security, username, password, senderAddress, caPem: form.ca_pem ?? '' };
  // An empty field keeps the password that is there; without a user name there is none.
  const named = password !== '' || username === '' ? [...MAIL_PATHS, 'mail.password'] : MAIL_PATHS;
  const answer = await refusable(client(c).updateSettings({ settings: { mail }, updateMask: { paths: named } }));
  if (answer.ok) return c.redirect('/settings?done=1', 303);
  const typed = create(SettingsSchema, { mail: { ...mail, password: '' } });
  return c.html(await page(c, { part: 'mail', settings: typed, errors: answer.errors }), answer.status);
}

async function saveWarnings(c: Context<WebEnv>): Promise<Response> {
  const form = await readForm(c);
  const { days: text = '', webhook_url: webhookUrl = '', webhook_secret: webhookSecret = '' } = form;
  const days = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(daysOf);
  const warnings = { days, webhookUrl, webhookSecret };
  const named = ['days', 'webhook_url', ...(webhookSecret === '' ? [] : ['webhook_secret'])];
  const updateMask = { paths: named.map((path) => `certificate_warnings.${path}`) };
  const answer = await refusable(client(c).updateSettings({ settings: { certificateWarnings: warnings }, updateMask }));
  if (answer.ok) return c.redirect('/settings?done=1', 303);
  return c.html(await page(c, { part: 'warnings', form, errors: answer.errors }), answer.status);
}

/** What is no number is 0, which the API refuses. */
function daysOf(text: string): number {
  return /^\d{1,4}$/.test(text) ? Number(text) : 0;
}

async function page(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const { settings: stored } = await client(c).getSettings({});
  const settings = stored ?? create(SettingsSchema);
  const of = (part: Outcome['part']) => (outcome.part === part ? outcome : {});
  const body = html`<h1>Settings</h1>
    ${outcome.done ? html`<p role="status" class="good">${outcome.done}</p>` : ''}
    ${general(of('general').settings ?? settings, of('general').errors)}
    ${mailForm(settings, of('mail').settings, of('mail').errors)}
    ${settings.mail?.host ? html`${testForm(of('test'))} ${toAllForm(of('all'))}` : ''}
    ${warningsForm(settings, of('warnings'))}`;
  return layout({ title: 'Settings', section: 'settings', user: c.get('user'), body });
}

function general({ publicName, registrationOpen, approvalRequired }: Settings, errors?: FormErrors): Html {
  return html`<form method="post" action="/settings" class="narrow">
    ${formMessage(errors)}
    ${field({ label: 'Name of this installation', name: 'public_name', path: 'settings.public_name', value: publicName, errors, hint: 'As it stands in mails.' })}
    ${checkbox({ label: 'Anybody may register', name: 'registration_open', checked: registrationOpen })}
    ${checkbox({ label: 'An administrator approves who registers', name: 'approval_required', checked: approvalRequired })}
    <button>Save</button>
  </form>`;
}

function mailForm(stored: Settings, typed: Settings | undefined, errors?: FormErrors): Html {
  const mail = typed?.mail ?? stored.mail ?? create(MailSettingsSchema);
  const kept = stored.mail?.passwordSet ? 'One is kept; empty keeps it.' : '';
  return html`<h2>Mail</h2>
    ${mailState(stored)}
    <form method="post" action="/settings/mail" class="narrow">
      ${formMessage(errors)}
      ${field({ label: 'Mail server', name: 'host', path: 'settings.mail.host', value: mail.host, errors, hint: 'Name or address; empty sends no mail.' })}
      ${field({ label: 'Port', name: 'port', path: 'settings.mail.port', value: mail.port ? String(mail.port) : '', type: 'number', errors, hint: 'Empty: 587 with STARTTLS, 465 with TLS, 25 without.' })}
      ${select({ label: 'Protection', name: 'security', path: 'settings.mail.security', choices: SECURITIES, value: String(mail.security), errors })}
      ${field({ label: 'User name', name: 'username', path: 'settings.mail.username', value: mail.username, errors, hint: 'Empty: mail is sent without signing in.' })}
      ${field({ label: 'Password', name: 'smtp_password', path: 'settings.mail.password', type: 'password', autocomplete: 'new-password', errors, hint: kept })}
      ${field({ label: 'Sender', name: 'sender_address', path: 'settings.mail.sender_address', type: 'email', value: mail.senderAddress, errors, hint: 'Address that mails come from.' })}
      ${textArea({ label: 'Authority of its certificate', name: 'ca_pem', path: 'settings.mail.ca_pem', rows: 3, value: mail.caPem, errors, hint: 'PEM; empty: those the system knows.' })}
      <button>Save</button>
    </form>`;
}

function mailState({ mail, mailState: state }: Settings): Html {
  if (!mail?.host) {
    return html`<p class="warn">Mail is not set up. Links of invitations are shown to you, to hand them over.</p>`;
  }
  return html`<dl>
    <dt>Waiting</dt><dd>${state?.queued ?? 0}</dd>
    <dt>Given up in 30 days</dt><dd>${state?.failed ?? 0}</dd>
    <dt>Last sent</dt><dd>${momentText(state?.lastSentAt)}</dd>
    ${state?.lastError ? html`<dt>Last trouble</dt><dd class="long">${state.lastError}</dd>` : ''}
  </dl>`;
}

function warningsForm({ certificateWarnings: stored }: Settings, { form, errors }: Outcome): Html {
  const days = form?.days ?? stored?.days.join(', ') ?? '';
  const url = form?.webhook_url ?? stored?.webhookUrl ?? '';
  const kept = stored?.webhookSecretSet ? ' One is kept; empty keeps it.' : '';
  return html`<h2>Certificates that end</h2>
    ${stored?.webhookLastError ? html`<p class="warn long">${stored.webhookLastError}</p>` : ''}
    <form method="post" action="/settings/warnings" class="narrow">
      ${formMessage(errors)}
      ${field({ label: 'Warn so many days before', name: 'days', path: 'settings.certificate_warnings.days', value: days, errors, hint: 'Of those that were uploaded or could not be renewed. Mail goes to the administrators of the site and to whoever brought the domain. Empty: never.' })}
      ${field({ label: 'Webhook', name: 'webhook_url', path: 'settings.certificate_warnings.webhook_url', value: url, errors, hint: 'An https URL that is told, too, by a POST of JSON; empty: none.' })}
      ${field({ label: 'Secret of the webhook', name: 'webhook_secret', path: 'settings.certificate_warnings.webhook_secret', type: 'password', autocomplete: 'new-password', errors, hint: `Calls are signed with it: X-Berth-Signature.${kept}` })}
      <button>Save</button>
    </form>`;
}

function testForm({ form, errors }: Outcome): Html {
  return html`<h2>Try it</h2>
    <form method="post" action="/settings/test-mail" class="narrow">
      ${formMessage(errors)}
      ${field({ label: 'Send a test to', name: 'recipient', path: 'recipient', type: 'email', value: form?.recipient, required: true, errors })}
      <button class="quiet">Send the test</button>
    </form>`;
}

function toAllForm({ form, errors }: Outcome): Html {
  return html`<h2>Mail to everybody</h2>
    <form method="post" action="/settings/mail-to-all" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="key" value="${randomUUID()}" />
      ${field({ label: 'Subject', name: 'subject', path: 'subject', value: form?.subject, required: true, errors })}
      ${textArea({ label: 'Text', name: 'text', path: 'text', rows: 8, value: form?.text, required: true, errors, hint: 'Goes to everybody who is active and has an address, to each his own.' })}
      <button>Send to everybody</button>
    </form>`;
}
