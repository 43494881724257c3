import { html } from 'hono/html';
import type { Html } from '../layout.ts';

/** A box to tick; the form carries "yes" for it, or nothing. */
export function checkbox({ label, name, checked }: { label: string; name: string; checked: boolean }): Html {
  return html`<div class="field">
    <label class="check"><input type="checkbox" name="${name}" value="yes" ${checked ? html`checked` : ''} /> ${label}</label>
  </div>`;
}
