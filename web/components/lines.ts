import { html } from 'hono/html';
import type { FormErrors } from '../form-errors.ts';
import type { Html } from '../layout.ts';

export interface LinesOptions {
  label: string;
  name: string;
  /** Path of the list in the API's request. */
  path: string;
  value?: string | undefined;
  hint: string;
  rows?: number;
  errors?: FormErrors | undefined;
}

/** A list, one entry a line; what is wrong is said with the number of its line. */
export function linesField({ label, name, path, value = '', hint, rows = 2, errors }: LinesOptions): Html {
  const found = [...(errors?.fields ?? [])].find(([field]) => field === path || field.startsWith(`${path}[`));
  const line = found && /\[(\d+)\]/.exec(found[0].slice(path.length))?.[1];
  const error = found && `${line === undefined ? 'It' : `Line ${Number(line) + 1}`} ${found[1]}`;
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <textarea id="${name}" name="${name}" rows="${rows}" spellcheck="false" aria-describedby="${name}-hint" ${error ? html`aria-invalid="true"` : ''}>${value}</textarea>
    <small id="${name}-hint">${error ? html`<strong class="error">${error}</strong>` : hint}</small>
  </div>`;
}

/** The entries of a list as it was typed. */
export function linesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
}
