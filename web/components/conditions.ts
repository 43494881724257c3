import { type Condition, Severity } from '@berth/proto/api/v1/common_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';

const CLASSES: Partial<Record<Severity, string>> = {
  [Severity.ERROR]: 'bad',
  [Severity.WARNING]: 'warn',
  [Severity.INFO]: 'info',
};

/** What needs attention, with the reason in the words of whoever judged. */
export function conditions(list: readonly Condition[]): Html {
  if (list.length === 0) return html``;
  return html`<ul class="conditions">
    ${list.map(
      (c) => html`<li class="${CLASSES[c.severity] ?? 'info'}">
        <strong>${c.kind.replaceAll('_', ' ')}</strong> ${c.subject}
        <pre>${c.message}</pre>
      </li>`,
    )}
  </ul>`;
}
