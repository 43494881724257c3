import { type Container, ContainerState, type PartState } from '@berth/proto/api/v1/containers_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';

const CLASSES: Partial<Record<ContainerState, string>> = {
  [ContainerState.RUNNING]: 'good',
  [ContainerState.MISSING]: 'bad',
  [ContainerState.UNKNOWN]: 'warn',
};

/** The state as a word with a colour that only repeats it. */
export function stateBadge(state: ContainerState): Html {
  return html`<span class="badge ${CLASSES[state] ?? 'info'}">${(ContainerState[state] ?? '').toLowerCase()}</span>`;
}

/** The four parts of a container and how far each is. */
export function partStates(container: Container): Html {
  const parts: [string, PartState | undefined][] = [
    ['Address', container.addressState],
    ['Name', container.nameState],
    ['Routes', container.routesState],
    ['Guest', container.guestState],
  ];
  return html`<table class="parts">
    <caption>State of its parts</caption>
    <tbody>
      ${parts.map(
        ([label, part]) => html`<tr>
          <th scope="row">${label}</th>
          <td class="${part?.ready ? 'good' : 'info'}">${part?.ready ? '✓' : '…'}</td>
          <td>${part?.summary ?? ''}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A service's address; only http(s) becomes a link. */
export function serviceLink(url: string): Html {
  return /^https?:\/\//.test(url) ? html`<a href="${url}">${url}</a>` : html`<code>${url}</code>`;
}
