/** The forms of a domain's page. */
import type { AcmeAccount } from '@berth/proto/api/v1/acme_accounts_pb.js';
import type { Domain, DomainGrant } from '@berth/proto/api/v1/domains_pb.js';
import { html } from 'hono/html';
import { type FormErrors, field, formMessage, textArea } from '../form-errors.ts';
import type { Html } from '../layout.ts';
import type { Form } from '../read-form.ts';
import { checkbox } from './checkbox.ts';
import { ACCESS_CHOICES, CHALLENGE_CHOICES, SCOPE_CHOICES, SOURCE_CHOICES } from './domain-words.ts';
import { select } from './select.ts';

/** Forms of the page. */
export type Part = 'verify' | 'certificates' | 'edit' | 'grants' | 'upload' | 'delete';

/** What a form of the page came to. */
export interface Outcome {
  part?: Part;
  form?: Form;
  errors?: FormErrors;
}

/** What there is to choose from. */
export interface Choices {
  accounts: readonly AcmeAccount[];
  /** Names of DNS providers; undefined where the visitor may not use them. */
  providers: readonly string[] | undefined;
}

/** The settings of a domain. */
export function settingsForm(domain: Domain, choices: Choices, { part, form, errors: found }: Outcome): Html {
  const errors = part === 'edit' ? found : undefined;
  const values = errors && form ? form : formOf(domain);
  const one = (label: string, name: string, list: readonly (readonly [string, string])[], hint = '') =>
    select({ label, name, path: `domain.${name}`, choices: list, value: values[name], hint, errors });
  const tick = (label: string, name: string) =>
    html`${checkbox({ label, name, checked: values[name] === 'yes' })}${fault(errors, name)}`;
  const accounts = choices.accounts.map(({ name, directoryUrl }) => [name, `${name} (${directoryUrl})`] as const);
  return html`<h2>Settings</h2>
  <form method="post" action="/domains/${domain.id}/edit" class="narrow">
    ${formMessage(errors)}
    ${domain.owner ? html`<input type="hidden" name="access" value="${values.access}" />` : one('Who may put services under it', 'access', ACCESS_CHOICES)}
    ${one('Certificates are signed by', 'certificate_source', SOURCE_CHOICES)}
    ${one('What one certificate covers', 'certificate_scope', SCOPE_CHOICES, 'One for all names wants DNS-01.')}
    ${one('ACME account', 'acme_account', [['', 'none'], ...accounts])}
    ${one('How the authority is shown that it is ours', 'challenge', CHALLENGE_CHOICES)}
    ${choices.providers ? ofAdministrators(values, choices.providers, errors) : ''}
    ${field({ label: 'Strict-Transport-Security, seconds', name: 'hsts_max_age_seconds', path: 'domain.hsts_max_age_seconds', type: 'number', value: values.hsts_max_age_seconds, errors, hint: 'How long browsers insist on HTTPS; 0: not at all. A year is 31536000.' })}
    ${tick('It holds for the names below, too', 'hsts_include_subdomains')}
    ${tick('Browsers may build it in (preload)', 'hsts_preload')}
    <button>Save</button>
  </form>`;
}

function ofAdministrators(values: Form, providers: readonly string[], errors: FormErrors | undefined): Html {
  const list = [['', 'none'] as const, ...providers.map((name) => [name, name] as const)];
  const { dns_provider: value, publish_dns, oauth2_proxy_url: url } = values;
  return html`<input type="hidden" name="administers" value="yes" />
    ${select({ label: 'DNS provider', name: 'dns_provider', path: 'domain.dns_provider', choices: list, value, errors })}
    ${checkbox({ label: 'Keep public records for the names of services there', name: 'publish_dns', checked: publish_dns === 'yes' })}${fault(errors, 'publish_dns')}
    ${field({ label: 'oauth2-proxy', name: 'oauth2_proxy_url', path: 'domain.oauth2_proxy_url', value: url, errors, hint: 'Base URL of a proxy of your own that signs people in; empty: Berth does.' })}`;
}

/** The error of a box to tick. */
function fault(errors: FormErrors | undefined, name: string): Html {
  const text = errors?.fields.get(`domain.${name}`);
  return text ? html`<small><strong class="error">${text}</strong></small>` : html``;
}

/** A domain as its form carries it. */
function formOf(domain: Domain): Form {
  const flag = (value: boolean) => (value ? 'yes' : '');
  return {
    access: `${domain.access}`,
    certificate_source: `${domain.certificateSource}`,
    certificate_scope: `${domain.certificateScope}`,
    acme_account: domain.acmeAccount,
    challenge: `${domain.challenge}`,
    dns_provider: domain.dnsProvider,
    publish_dns: flag(domain.publishDns),
    hsts_max_age_seconds: `${domain.hstsMaxAgeSeconds}`,
    hsts_include_subdomains: flag(domain.hstsIncludeSubdomains),
    hsts_preload: flag(domain.hstsPreload),
    oauth2_proxy_url: domain.oauth2ProxyUrl,
  };
}

/** To whom a domain was given, with forms to give it and take it back. */
export function grantForms(domain: Domain, { part, form, errors: found }: Outcome): Html {
  const errors = part === 'grants' ? found : undefined;
  const action = `/domains/${domain.id}/grants`;
  const kind = errors ? form?.kind : undefined;
  return html`<h2>Given to</h2>
    ${domain.grants.length === 0 ? html`<p>Nobody.</p>` : html`<ul class="rows">${domain.grants.map((grant) => granted(action, grant))}</ul>`}
    ${formMessage(errors)}
    <form method="post" action="${action}" class="filter">
      ${select({
        label: 'Give it to',
        name: 'kind',
        path: 'grant',
        choices: [
          ['user', 'a person'],
          ['group', 'a group'],
        ],
        value: kind,
        errors,
      })}
      ${field({ label: 'Name', name: 'who', path: kind === 'group' ? 'grant.group' : 'grant.user', value: errors ? form?.who : '', required: true, errors })}
      <button class="quiet">Give</button>
    </form>`;
}

function granted(action: string, { principal }: DomainGrant): Html {
  const { case: kind = 'user', value = '' } = principal;
  return html`<li>
    <span class="long">${value} ${kind === 'group' ? html`<span class="badge">group</span>` : ''}</span>
    <form method="post" action="${action}/remove">
      <input type="hidden" name="kind" value="${kind}" /><input type="hidden" name="who" value="${value}" />
      <button class="quiet">Take back<span class="hidden"> from ${value}</span></button>
    </form>
  </li>`;
}

/** Takes a certificate that somebody else has issued. What was pasted as the key is never shown again. */
export function uploadForm(domain: Domain, { part, form, errors: found }: Outcome): Html {
  const errors = part === 'upload' ? found : undefined;
  const fields = html`<form method="post" action="/domains/${domain.id}/upload">
      ${formMessage(errors)}
      ${textArea({ label: 'Certificate and those that signed it, PEM', name: 'chain_pem', path: 'chain_pem', rows: 8, required: true, value: errors ? form?.chain_pem : '', errors, hint: 'That of the names first, each followed by the one that signed it.' })}
      ${textArea({ label: 'Its private key, PEM', name: 'key_pem', path: 'key_pem', rows: 6, required: true, errors, hint: 'Without a passphrase. It is kept sealed and shown to nobody.' })}
      <button>Serve this certificate</button>
    </form>`;
  return html`<details ${errors ? html`open` : ''}><summary>Upload a certificate</summary>${fields}</details>`;
}

/** Removes a domain. */
export function deleteForm(domain: Domain, { part, errors }: Outcome): Html {
  return html`${part === 'delete' ? formMessage(errors) : ''}
    <details>
      <summary>Remove this domain</summary>
      <p>Its certificates go with it. Nothing may be served under it any more.</p>
      <form method="post" action="/domains/${domain.id}/delete"><button class="danger">Remove ${domain.name} for good</button></form>
    </details>`;
}
