import type { SshKey } from '@berth/proto/api/v1/account_pb.js';
import { html } from 'hono/html';
import { type FormErrors, field, formMessage, textArea } from '../form-errors.ts';
import type { Html } from '../layout.ts';
import type { Form } from '../read-form.ts';
import { momentText } from './moment.ts';

export interface SshKeysOptions {
  keys: readonly SshKey[];
  /** Where keys are added (posted to) and, with "/<id>/delete" behind it, removed. */
  path: string;
  form?: Form | undefined;
  errors?: FormErrors | undefined;
}

/** SSH keys of somebody, with a form for one more. */
export function sshKeys({ keys, path, form = {}, errors }: SshKeysOptions): Html {
  return html`${keys.length === 0 ? html`<p>There is none yet.</p>` : table(keys, path)}
    <form method="post" action="${path}" class="narrow">
      ${formMessage(errors)}
      ${textArea({ label: 'Public key', name: 'public_key', path: 'key.public_key', value: shownAgain(form.public_key), rows: 4, required: true, errors, hint: 'The content of a file that ends in .pub, such as ~/.ssh/id_ed25519.pub.' })}
      ${field({ label: 'Name of the key', name: 'key_name', path: 'key.name', value: form.key_name, errors, hint: 'To know it again; empty: the comment of the key.' })}
      <button>Add the key</button>
    </form>`;
}

/** What was typed, unless it is what nobody may see. */
function shownAgain(typed = ''): string {
  return typed.includes('PRIVATE KEY') ? '' : typed;
}

function table(keys: readonly SshKey[], path: string): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Name</th><th scope="col">Fingerprint</th><th scope="col" class="wide">Added</th><th scope="col"><span class="hidden">Actions</span></th></tr>
    </thead>
    <tbody>
      ${keys.map(
        (key) => html`<tr>
          <th scope="row" class="long">${key.name}</th>
          <td><code class="long">${key.fingerprint}</code><br /><small>${key.keyType}</small></td>
          <td class="wide">${momentText(key.createdAt)}</td>
          <td><form method="post" action="${path}/${key.id}/delete"><button class="danger">Remove<span class="hidden"> ${key.name}</span></button></form></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
