import { UserStatus } from '@berth/proto/api/v1/people_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';

const STATUSES: Partial<Record<UserStatus, [word: string, colour: string]>> = {
  [UserStatus.PENDING]: ['waits for approval', 'warn'],
  [UserStatus.ACTIVE]: ['active', 'good'],
  [UserStatus.SUSPENDED]: ['suspended', 'bad'],
};

/** Whether somebody may do anything, as a word with a colour that only repeats it. */
export function userStatus(status: UserStatus): Html {
  const [word, colour] = STATUSES[status] ?? ['', 'info'];
  return html`<span class="badge ${colour}">${word}</span>`;
}
