import { html } from 'hono/html';
import type { Html } from '../layout.ts';

export interface PasskeyFormOptions {
  /** Whether a passkey is to be made or used. */
  act: 'create' | 'get';
  /** Where the answer goes, in the field `passkey_response`. */
  action: string;
  /** The API's `passkey_options`. */
  options: string;
  button: string;
  /** Fields sent along. */
  fields: Html;
}

/** A form that `assets/passkey.js` shows and fills; without a script there is no passkey and no form. */
export function passkeyForm({ act, action, options, button, fields }: PasskeyFormOptions): Html {
  return html`<form method="post" action="${action}" class="narrow" data-passkey="${act}" data-options="${options}" hidden>
    ${fields}
    <input type="hidden" name="passkey_response" value="" />
    <p class="error" role="alert"></p>
    <button>${button}</button>
  </form>`;
}
