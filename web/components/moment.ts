import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';

/** A moment to the minute, in UTC; `never` where there is none. */
export function momentText(moment: Timestamp | undefined, never = 'never'): Html {
  if (!moment) return html`${never}`;
  const iso = timestampDate(moment).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')}</time>`;
}
