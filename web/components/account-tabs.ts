import { html } from 'hono/html';
import type { Html } from '../layout.ts';

const TABS = [
  ['profile', '/account', 'Profile'],
  ['keys', '/account/keys', 'SSH keys'],
  ['security', '/account/security', 'Security'],
  ['identities', '/account/identities', 'Sign-in with others'],
  ['apps', '/account/apps', 'Apps'],
  ['tokens', '/account/tokens', 'API tokens'],
] as const;

/** A page of one's own account. */
export type AccountTab = (typeof TABS)[number][0];

/** The ways between the pages of one's own account. */
export function accountTabs(current: AccountTab): Html {
  return html`<nav class="tabs" aria-label="Account">
    ${TABS.map(([name, path, label]) =>
      name === current
        ? html`<a href="${path}" aria-current="page">${label}</a>`
        : html`<a href="${path}">${label}</a>`,
    )}
  </nav>`;
}
