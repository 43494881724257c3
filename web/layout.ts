import type { User } from '@berth/proto/api/v1/auth_pb.js';
import { html } from 'hono/html';
import { assetUrl } from './assets.ts';

/** A piece of HTML, escaped where it took in text. */
export type Html = ReturnType<typeof html>;

export interface LayoutOptions {
  title: string;
  body: Html;
  user?: User | undefined;
  /** Which entry of the navigation is current. */
  section?: Section;
  /** An asset that the page needs besides. */
  script?: 'passkey.js';
}

/** Entries of the navigation: address, label, and whether it is for administrators. */
const SECTIONS = {
  containers: ['/containers', 'Containers', false],
  domains: ['/domains', 'Domains', false],
  people: ['/people', 'People', true],
  groups: ['/groups', 'Groups', true],
  sites: ['/sites', 'Sites', true],
  agents: ['/agents', 'Agents', true],
  'dns-providers': ['/dns-providers', 'DNS', true],
  audit: ['/audit', 'Audit', false],
  providers: ['/providers', 'Sign-in', true],
  settings: ['/settings', 'Settings', true],
} as const;

/** Where a page belongs. "account" is reached by one's own name. */
export type Section = keyof typeof SECTIONS | 'account';

/** A whole page. */
export function layout({ title, body, user, section, script }: LayoutOptions): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – Berth</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${assetUrl('style.css')}" />
        <script type="module" src="${assetUrl('live.js')}"></script>
        ${script ? html`<script type="module" src="${assetUrl(script)}"></script>` : ''}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
          <a class="brand" href="/">⚓ Berth</a>
          ${user ? navigation(user, section) : ''}
        </header>
        <main id="main">${body}</main>
      </body>
    </html>`;
}

function navigation(user: User, section: Section | undefined): Html {
  const link = (path: string, label: string, current: boolean) =>
    html`<a href="${path}" ${current ? html`aria-current="page"` : ''}>${label}</a>`;
  const entries = Object.entries(SECTIONS).filter(([, [, , restricted]]) => user.administrator || !restricted);
  return html`<nav aria-label="Main">
      ${entries.map(([name, [path, label]]) => link(path, label, name === section))}
    </nav>
    <form method="post" action="/sign-out" class="who">
      ${link('/account', user.username, section === 'account')}
      <button class="quiet">Sign out</button>
    </form>`;
}
