/** The few pages of Berth's on an app's own host: what went wrong on the way in, and the way out. */
import { html } from 'hono/html';

/** A page, with the headers that keep it to itself. */
async function gatePage(status: number, title: string, body: ReturnType<typeof html>): Promise<Response> {
  const text = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem; }
          button { font: inherit; padding: 0.4rem 1rem; }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;
  return new Response(String(text), { status, headers: PAGE_HEADERS });
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
};

/** A code that is too old, was used before or belongs to another browser. */
export function staleCodePage(path: string): Promise<Response> {
  const body = html`<p>
      This way in was used before, has expired, or was begun in another browser. If it happens again, look whether your
      browser keeps cookies of this page.
    </p>
    <p><a href="${path}">Try again</a></p>`;
  return gatePage(400, 'Not signed in', body);
}

/** Asks whether somebody wants to go. @param who what he is called; empty for nobody who is signed in */
export function signOutPage(who: string): Promise<Response> {
  if (who === '') return gatePage(200, 'You are not signed in here', html`<p><a href="/">To the app</a></p>`);
  const body = html`<p>You are signed in here as <b>${who}</b>.</p>
    <form method="post" action="/.berth/sign-out"><button>Sign out of this app</button></form>
    <p>You stay signed in to Berth and to other apps.</p>`;
  return gatePage(200, 'Sign out?', body);
}

/** Says that somebody is gone. @param accountUrl page of Berth's that lists what he is signed in to */
export function signedOutPage(accountUrl: string): Promise<Response> {
  const body = html`<p>You have signed out of this app. To sign out of Berth and all apps, go to <a href="${accountUrl}">your account</a>.</p>
    <p><a href="/">Sign in again</a></p>`;
  return gatePage(200, 'Signed out', body);
}
