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
  section?: 'containers' | 'agents';
}

/** A whole page. */
export function layout({ title, body, user, section }: LayoutOptions): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – Berth</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${assetUrl('style.css')}" />
        <script type="module" src="${assetUrl('live.js')}"></script>
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

function navigation(user: User, section: LayoutOptions['section']): Html {
  const link = (name: NonNullable<LayoutOptions['section']>, label: string) =>
    section === name
      ? html`<a href="/${name}" aria-current="page">${label}</a>`
      : html`<a href="/${name}">${label}</a>`;
  return html`<nav aria-label="Main">
      ${link('containers', 'Containers')} ${user.administrator ? link('agents', 'Agents') : ''}
    </nav>
    <form method="post" action="/sign-out" class="who">
      <span>${user.username}</span>
      <button class="quiet">Sign out</button>
    </form>`;
}
