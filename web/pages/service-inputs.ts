import { html } from 'hono/html';
import { checkbox } from '../components/checkbox.ts';
import { linesField } from '../components/lines.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field } from '../form-errors.ts';
import type { Html } from '../layout.ts';
import type { Form } from '../read-form.ts';
import { type Kind, TLS_MODES, WHO } from './service-form.ts';

/** What the inputs are made from. */
export interface InputsOf {
  kind: Kind;
  form: Form;
  errors: FormErrors | undefined;
  /** Names that have a password at the ingress. */
  known: readonly string[];
  /** Domains under which names may be, for the hint. */
  domains: readonly string[];
}

/** The inputs of a service's form, what is rarely needed folded away until it holds something. */
export function serviceInputs(of: InputsOf): Html {
  const port = input(of, 'service')('internal_port', 'Port inside the container', '1 to 65535', {
    type: 'number',
    required: true,
  });
  if (of.kind === 'http') return html`${port}${httpInputs(of)}`;
  const path = `service.${of.kind}`;
  const external = input(of, path)(
    'external_port',
    'External port',
    "0 takes the lowest free one of the site's range.",
    { type: 'number' },
  );
  return html`${port}${external}${of.kind === 'tcp' ? tcpInputs(of) : ''}
    ${folded(of, 'By address', ['allow', 'deny'], accessInputs(of, path))}`;
}

type More = { type?: 'number' | 'password'; required?: boolean };

function input({ form, errors }: InputsOf, prefix: string) {
  return (name: string, label: string, hint: string, more: More & { path?: string } = {}) =>
    field({ label, name, path: `${prefix}.${more.path ?? name}`, value: form[name], hint, errors, ...more });
}

function tcpInputs(of: InputsOf): Html {
  const { form, errors } = of;
  const tls = TLS_MODES.map(([value, label]) => [value, label] as const);
  return html`${select({ label: 'TLS', name: 'tls', path: 'service.tcp.tls', choices: tls, value: form.tls ?? 'none', errors })}
    ${input(of, 'service.tcp')('host', 'Name', `With TLS: the name by which clients ask for it, ${under(of)}. Services of different names may share a port.`)}
    ${checkbox({ label: "Tell the container the client's address by a PROXY protocol header", name: 'proxy_protocol', checked: form.proxy_protocol === 'yes' })}`;
}

function httpInputs(of: InputsOf): Html {
  const { form, errors } = of;
  const path = 'service.http';
  const text = input(of, path);
  return html`${text('host', 'Name', `Such as web1.${of.domains[0] ?? 'example.org'}; ${under(of)}.`, { required: true })}
    ${linesField({ label: 'Further names', name: 'other_hosts', path: `${path}.other_hosts`, value: form.other_hosts, hint: 'That lead to the same service, one a line.', errors })}
    ${text('path', 'Only below the path', 'Such as /api; empty for everything.')}
    ${checkbox({ label: 'Take this path off before the container sees the request', name: 'strip_path', checked: form.strip_path === 'yes', path: `${path}.options.strip_path`, errors })}
    ${checkbox({ label: 'The container speaks TLS itself', name: 'backend_tls', checked: form.backend_tls === 'yes' })}
    ${signInInputs(of)}
    ${folded(of, 'Passwords at the ingress', ['basic_auth'], basicAuthInputs(of), of.known.length > 0)}
    ${folded(of, 'By address', ['allow', 'deny'], accessInputs(of, `${path}.options`))}
    ${folded(of, 'Limits', ['max_body', 'timeout_seconds', 'requests_per_second', 'burst', 'connections'], limitInputs(of))}
    ${folded(of, 'Headers, compression, plain HTTP', ['request_headers', 'response_headers', 'gzip', 'plain_http'], headerInputs(of))}
    ${folded(of, 'Health', ['health_path', 'health_interval_seconds'], healthInputs(of))}
    ${folded(of, 'Maintenance', ['maintenance', 'maintenance_text'], maintenanceInputs(of))}`;
}

function signInInputs({ form, errors }: InputsOf): Html {
  const path = 'service.http.options.sign_in';
  const who = WHO.map(([value, label]) => [value, label] as const);
  return html`<fieldset>
    <legend>Sign-in before it</legend>
    ${select({ label: 'Who must have signed in', name: 'sign_in', path: `${path}.require`, choices: who, value: form.sign_in ?? 'nobody', errors })}
    ${linesField({ label: 'Groups', name: 'groups', path: `${path}.groups`, value: form.groups, hint: 'With groups: their names, one a line.', errors })}
    ${linesField({ label: 'Open paths', name: 'open_paths', path: `${path}.open_paths`, value: form.open_paths, hint: 'That need no sign-in, such as /webhooks, one a line.', errors })}
  </fieldset>`;
}

/** Passwords are typed one at a time and never shown again. */
function basicAuthInputs(of: InputsOf): Html {
  const { known, form, errors } = of;
  const wrong = [...(errors?.fields ?? [])].find(([path]) => path.startsWith('service.http.options.basic_auth['));
  const at = wrong?.[0] ?? '';
  return html`${known.map((name) => checkbox({ label: `${name} may come`, name: `keep ${name}`, checked: form[`keep ${name}`] === 'yes' }))}
    ${field({ label: 'Name to add, or to give another password', name: 'basic_auth_name', path: at.endsWith('.name') ? at : '-', value: form.basic_auth_name, hint: 'Empty for nobody.', errors })}
    ${field({ label: 'Password', name: 'basic_auth_password', path: at.endsWith('.password') ? at : '-', type: 'password', autocomplete: 'new-password', hint: '8 to 128 characters; it is not shown again.', errors })}`;
}

function accessInputs({ form, errors }: InputsOf, path: string): Html {
  return html`${linesField({ label: 'Only these addresses', name: 'allow', path: `${path}.allow`, value: form.allow, hint: 'Ranges such as 10.0.0.0/8 or 2001:db8::/32, one a line; empty: all.', errors })}
    ${linesField({ label: 'Not these addresses', name: 'deny', path: `${path}.deny`, value: form.deny, hint: 'Ranges, one a line.', errors })}`;
}

function limitInputs(of: InputsOf): Html {
  const text = input(of, 'service.http.options');
  const number = { type: 'number' } as const;
  return html`${text('max_body', 'Largest request body', 'Such as 10 MiB or 1 GiB; empty for any.', { path: 'max_body_bytes' })}
    ${text('timeout_seconds', 'Seconds to wait for the container', 'Empty for an hour.', number)}
    ${text('requests_per_second', 'Requests a second from one address', 'Empty for any.', number)}
    ${text('burst', 'How many more at once', '', number)}
    ${text('connections', 'Requests of one address at the same time', 'Empty for any.', number)}`;
}

function headerInputs({ form, errors }: InputsOf): Html {
  const path = 'service.http.options';
  const hint = '“Name: value” sets it, “Name:” removes it; one a line.';
  const lines = (name: string, label: string) =>
    linesField({ label, name, path: `${path}.${name}`, value: form[name], hint, rows: 3, errors });
  return html`${lines('request_headers', 'Headers of requests')}
    ${lines('response_headers', 'Headers of responses')}
    ${checkbox({ label: 'Compress text', name: 'gzip', checked: form.gzip === 'yes' })}
    ${checkbox({ label: 'Serve plain HTTP, too, instead of redirecting it to HTTPS', name: 'plain_http', checked: form.plain_http === 'yes', path: `${path}.plain_http`, errors })}`;
}

function healthInputs(of: InputsOf): Html {
  const text = input(of, 'service.http.options');
  return html`${text('health_path', 'Path to ask for', 'Such as /healthz; empty: its port is connected to.')}
    ${text('health_interval_seconds', 'Seconds between two looks', 'Empty for 30.', { type: 'number' })}`;
}

function maintenanceInputs(of: InputsOf): Html {
  return html`${checkbox({ label: 'Answer with a maintenance page instead of the container', name: 'maintenance', checked: of.form.maintenance === 'yes' })}
    ${input(of, 'service.http.options')('maintenance_text', 'What it says', 'Empty for a usual sentence.')}`;
}

/** A part that is open when it holds something or something in it is wrong. */
function folded({ form, errors }: InputsOf, title: string, names: string[], inputs: Html, holds = false): Html {
  const filled = holds || names.some((name) => (form[name] ?? '') !== '');
  const wrong = [...(errors?.fields.keys() ?? [])].some((path) => names.some((name) => path.includes(`.${name}`)));
  return html`<details ${filled || wrong ? html`open` : ''}>
    <summary>${title}</summary>
    ${inputs}
  </details>`;
}

function under({ domains }: InputsOf): string {
  return domains.length > 0
    ? `right under ${domains.join(' or ')}, or such a domain itself`
    : 'the site has no domain yet';
}
