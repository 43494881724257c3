import { html } from 'hono/html';
import type { Html } from '../layout.ts';

/**
 * A link that an administrator hands over himself, shown this once.
 * @param until how long it works, as in "within an hour"
 * @param effect what whoever has it can do
 */
export function handedLink(url: string, to: string, until: string, effect: string): Html {
  return html`<section role="status" aria-labelledby="handover">
    <h2 id="handover">Hand this link to ${to}</h2>
    <pre class="command"><code>${url}</code></pre>
    <p>It works once, ${until}, and is not shown again. Whoever has it can ${effect}.</p>
  </section>`;
}
