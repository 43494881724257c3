import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { Code, ConnectError } from '@connectrpc/connect';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { statusOf } from './error-page.ts';
import type { Html } from './layout.ts';

/** What the API found wrong with a form. */
export interface FormErrors {
  /** For the top of the form. */
  message: string;
  /** The API's reason, to branch on. */
  reason: string;
  /** Seconds after which it is worth trying again; empty when nothing is said. */
  retryAfter: string;
  /** By field path as the API names it. */
  fields: ReadonlyMap<string, string>;
}

/** Reads the field violations of an error of the API. */
function formErrors(failure: ConnectError): FormErrors {
  const details = failure.findDetails(ErrorDetailSchema);
  const violations = details.flatMap((detail) => detail.fieldViolations);
  return {
    message: spoken(failure.rawMessage, violations[0]?.field),
    reason: details[0]?.reason ?? '',
    retryAfter: failure.metadata.get('retry-after') ?? '',
    fields: new Map(violations.map((v) => [v.field, v.description])),
  };
}

/** A message of the API without the path of the field that it begins with; people know the field's own name at most. */
function spoken(message: string, path = ''): string {
  if (path === '' || !message.startsWith(`${path}: `)) return message;
  const name = path
    .replace(/^.*\./, '')
    .replaceAll(/\[\d+\]/g, '')
    .replaceAll('_', ' ');
  return `Not right yet: the ${name} ${message.slice(path.length + 2)}.`;
}

/** A call that may be refused: its answer, or what to show in the form with the status that fits. */
export type Refusable<T> = { ok: true; value: T } | { ok: false; errors: FormErrors; status: ContentfulStatusCode };

/** Waits for a call of a form. @throws what is no refusal but a fault of the server */
export async function refusable<T>(call: Promise<T>): Promise<Refusable<T>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    const failure = ConnectError.from(error);
    if (failure.code === Code.Internal || failure.code === Code.Unknown) throw error;
    return { ok: false, errors: formErrors(failure), status: statusOf(failure) };
  }
}

export interface FieldOptions {
  label: string;
  name: string;
  /** Path of the field in the API's request. */
  path: string;
  value?: string | undefined;
  type?: 'text' | 'password' | 'number' | 'email';
  hint?: string;
  required?: boolean;
  autocomplete?: string;
  /** Identifier of a datalist with proposals. */
  list?: string;
  errors?: FormErrors | undefined;
}

/** A labelled input with its hint and its error, tied together for those who hear the page. */
export function field(options: FieldOptions): Html {
  const { label, name, path, value = '', type = 'text', hint = '', required = false, autocomplete = 'off' } = options;
  const error = options.errors?.fields.get(path);
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      value="${value}"
      autocomplete="${autocomplete}"
      ${options.list ? html`list="${options.list}"` : ''}
      ${required ? html`required` : ''}
      aria-describedby="${name}-hint"
      ${error ? html`aria-invalid="true"` : ''}
    />
    <small id="${name}-hint">${error ? html`<strong class="error">${error}</strong>` : hint}</small>
  </div>`;
}

/** A labelled input of several lines. */
export function textArea(options: Omit<FieldOptions, 'type' | 'autocomplete'> & { rows: number }): Html {
  const { label, name, path, value = '', hint = '', required = false, rows } = options;
  const error = options.errors?.fields.get(path);
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <textarea
      id="${name}"
      name="${name}"
      rows="${rows}"
      spellcheck="false"
      ${required ? html`required` : ''}
      aria-describedby="${name}-hint"
      ${error ? html`aria-invalid="true"` : ''}
    >${value}</textarea>
    <small id="${name}-hint">${error ? html`<strong class="error">${error}</strong>` : hint}</small>
  </div>`;
}

/** The message above a form. */
export function formMessage(errors: FormErrors | undefined): Html {
  return errors ? html`<p class="error" role="alert">${errors.message}</p>` : html``;
}
