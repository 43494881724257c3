import { html } from 'hono/html';
import type { FormErrors } from '../form-errors.ts';
import type { Html } from '../layout.ts';

export interface CheckboxOptions {
  label: string;
  name: string;
  checked: boolean;
  /** Path of the field in the API's request, where it may be refused. */
  path?: string;
  errors?: FormErrors | undefined;
}

/** A box to tick; the form carries "yes" for it, or nothing. */
export function checkbox({ label, name, checked, path = '', errors }: CheckboxOptions): Html {
  const error = errors?.fields.get(path);
  return html`<div class="field">
    <label class="check"><input type="checkbox" name="${name}" value="yes" ${checked ? html`checked` : ''} ${error ? html`aria-invalid="true" aria-describedby="${name}-hint"` : ''} /> ${label}</label>
    ${error ? html`<small id="${name}-hint"><strong class="error">${error}</strong></small>` : ''}
  </div>`;
}
