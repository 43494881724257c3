import { html } from 'hono/html';
import { type FormErrors, field } from '../form-errors.ts';
import type { Html } from '../layout.ts';
import type { Form } from '../read-form.ts';

/** The fields of who makes himself an account: login name and name. */
export function nameFields(form: Form, errors: FormErrors | undefined): Html {
  return html`${field({ label: 'Login name', name: 'username', path: 'username', value: form.username, required: true, autocomplete: 'username', errors, hint: 'Small letters, digits, "_", "." and "-"; it cannot be changed later.' })}
    ${field({ label: 'Name', name: 'display_name', path: 'display_name', value: form.display_name, autocomplete: 'name', errors, hint: 'As others see it; may stay empty.' })}`;
}

/** The field of a password that somebody chooses. */
export function newPasswordField(errors: FormErrors | undefined): Html {
  return field({
    label: 'Password',
    name: 'password',
    path: 'password',
    type: 'password',
    required: true,
    autocomplete: 'new-password',
    hint: 'At least 10 characters, and none that is easy to guess.',
    errors,
  });
}
