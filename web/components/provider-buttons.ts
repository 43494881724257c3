import type { SignInProvider } from '@berth/proto/api/v1/oidc_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';

/** A button for each provider; it posts to `/sign-in/with/NAME` or wherever `action` says. */
export function providerButtons(
  providers: readonly SignInProvider[],
  { action, verb, next = '' }: { action: string; verb: string; next?: string },
): Html {
  return html`${providers.map(
    ({ name, displayName }) => html`<form method="post" action="${action}/${name}" class="narrow">
      <input type="hidden" name="next" value="${next}" />
      <p><button class="quiet">${verb} ${displayName}</button></p>
    </form>`,
  )}`;
}
