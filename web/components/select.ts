import { html } from 'hono/html';
import type { FormErrors } from '../form-errors.ts';
import type { Html } from '../layout.ts';

export interface SelectOptions {
  label: string;
  name: string;
  /** Path of the field in the API's request. */
  path: string;
  /** Value and label of each choice. */
  choices: readonly (readonly [value: string, label: string])[];
  value?: string | undefined;
  hint?: string;
  errors?: FormErrors | undefined;
}

/** A labelled list to choose from, with its hint and its error. */
export function select({ label, name, path, choices, value = '', hint = '', errors }: SelectOptions): Html {
  const error = errors?.fields.get(path);
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}" aria-describedby="${name}-hint" ${error ? html`aria-invalid="true"` : ''}>
      ${choices.map(
        ([each, text]) => html`<option value="${each}" ${each === value ? html`selected` : ''}>${text}</option>`,
      )}
    </select>
    <small id="${name}-hint">${error ? html`<strong class="error">${error}</strong>` : hint}</small>
  </div>`;
}
