import { type IdentityProvider, NewPeople } from '@berth/proto/api/v1/oidc_pb.js';
import { html } from 'hono/html';
import { checkbox } from '../components/checkbox.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage } from '../form-errors.ts';
import type { Html } from '../layout.ts';

/** What a form of a provider holds, by the names of its inputs. */
export type ProviderForm = Record<string, string>;

const NEW_PEOPLE = {
  refused: ['are refused', NewPeople.REFUSED],
  pending: ['get an account that an administrator approves', NewPeople.PENDING],
  active: ['get an account', NewPeople.ACTIVE],
} as const;

/** Every field of the form that an update takes; the secret only when one was typed. */
const PATHS = [
  ...['display_name', 'issuer', 'client_id', 'scopes', 'groups_claim', 'group_mappings'],
  ...['may_administer', 'new_people', 'trusted_second_factor', 'enabled'],
];

/** The paths that a form changes. */
export function changedPaths({ client_secret = '' }: ProviderForm): string[] {
  return client_secret === '' ? PATHS : [...PATHS, 'client_secret'];
}

/** The provider as the API takes it. */
export function providerOf(form: ProviderForm) {
  const { scopes = '', group_mappings = '', new_people = '' } = form;
  const mappings = group_mappings.split('\n').map((line) => line.trim());
  return {
    name: form.name ?? '',
    displayName: form.display_name ?? '',
    issuer: form.issuer ?? '',
    clientId: form.client_id ?? '',
    clientSecret: form.client_secret ?? '',
    scopes: scopes.split(/\s+/).filter(Boolean),
    groupsClaim: form.groups_claim ?? '',
    groupMappings: mappings.filter(Boolean).map(mappingOf),
    mayAdminister: form.may_administer === 'yes',
    newPeople: NEW_PEOPLE[new_people as keyof typeof NEW_PEOPLE]?.[1] ?? NewPeople.UNSPECIFIED,
    trustedSecondFactor: form.trusted_second_factor === 'yes',
    enabled: form.enabled === 'yes',
  };
}

/** "value = group"; a value may hold "=", as names in directories do. */
function mappingOf(line: string) {
  const at = line.lastIndexOf('=');
  return { value: line.slice(0, Math.max(at, 0)).trim(), group: line.slice(at + 1).trim() };
}

/** The form of a provider as it is. */
export function formOfProvider(provider: IdentityProvider): ProviderForm {
  const yes = (value: boolean) => (value ? 'yes' : '');
  const [people = 'refused'] = Object.entries(NEW_PEOPLE).find(([, [, value]]) => value === provider.newPeople) ?? [];
  return {
    name: provider.name,
    display_name: provider.displayName,
    issuer: provider.issuer,
    client_id: provider.clientId,
    scopes: provider.scopes.join(' '),
    groups_claim: provider.groupsClaim,
    group_mappings: provider.groupMappings.map((each) => `${each.value} = ${each.groupName || each.group}`).join('\n'),
    may_administer: yes(provider.mayAdminister),
    new_people: people,
    trusted_second_factor: yes(provider.trustedSecondFactor),
    enabled: yes(provider.enabled),
  };
}

/** The inputs of a provider's form; `isNew` with its name and without one that keeps the secret. */
export function providerInputs(form: ProviderForm, errors: FormErrors | undefined, isNew: boolean): Html {
  const input = (name: string, label: string, hint: string, more: { type?: 'password'; required?: boolean } = {}) =>
    // A secret is not sent back to where it was typed.
    field({ label, name, path: `provider.${name}`, value: more.type ? '' : form[name], hint, errors, ...more });
  const people = Object.entries(NEW_PEOPLE).map(([value, [label]]) => [value, label] as const);
  return html`${formMessage(errors)}
    ${isNew ? input('name', 'Short name', 'Lower-case letters, digits and hyphens; part of the address to register there. It cannot be changed.', { required: true }) : ''}
    ${input('display_name', 'Name on its button', 'Default: the short name.')}
    ${input('issuer', 'Issuer', 'An https URL, e.g. https://id.example.org/realms/staff', { required: true })}
    ${input('client_id', 'Client id', 'As the provider knows Berth.', { required: true })}
    ${input('client_secret', 'Client secret', isNew ? 'Empty for a public client.' : 'Empty keeps the one that is there.', { type: 'password' })}
    ${input('scopes', 'Scopes', 'Separated by spaces; default: openid profile email')}
    ${select({ label: 'People who have no account', name: 'new_people', path: 'provider.new_people', choices: people, value: form.new_people ?? 'refused', errors })}
    ${input('groups_claim', 'Claim with groups', 'e.g. groups or realm_access.roles; empty for none')}
    ${mappings(form, errors)}
    ${checkbox({ label: 'These groups may be such that administer Berth', name: 'may_administer', checked: form.may_administer === 'yes' })}
    ${checkbox({ label: 'It asks for a second factor itself; do not ask for ours', name: 'trusted_second_factor', checked: form.trusted_second_factor === 'yes' })}
    ${checkbox({ label: 'One can sign in with it', name: 'enabled', checked: form.enabled === 'yes' })}`;
}

function mappings({ group_mappings = '' }: ProviderForm, errors: FormErrors | undefined): Html {
  const found = [...(errors?.fields ?? [])].find(([path]) => path.startsWith('provider.group_mappings'));
  const line = found && Number(/\[(\d+)\]/.exec(found[0])?.[1] ?? 0) + 1;
  return html`<div class="field">
    <label for="group_mappings">Groups</label>
    <textarea id="group_mappings" name="group_mappings" rows="4" aria-describedby="group_mappings-hint" ${found ? html`aria-invalid="true"` : ''}>${group_mappings}</textarea>
    <small id="group_mappings-hint">${
      found
        ? html`<strong class="error">Line ${line}: ${found[1]}</strong>`
        : 'One a line: value of the claim = group. People are put into and taken out of these groups at each sign-in, and no others.'
    }</small>
  </div>`;
}
