import { ContainerRole, type Holder, type Member } from '@berth/proto/api/v1/access_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';
import { momentText } from './moment.ts';

/** What each role that can be given may do, as a form offers it. */
export const ROLE_CHOICES = [
  ['viewer', 'Viewer: sees it'],
  ['user', 'User: logs in, too'],
  ['maintainer', 'Maintainer: uses sudo and changes it, too'],
] as const;

const ROLES: Record<string, ContainerRole> = {
  viewer: ContainerRole.VIEWER,
  user: ContainerRole.USER,
  maintainer: ContainerRole.MAINTAINER,
};

/** The role that a form names; unspecified for anything else, which the API refuses and names. */
export function roleOf(name: string | undefined): ContainerRole {
  return ROLES[name ?? ''] ?? ContainerRole.UNSPECIFIED;
}

/** A role as a word. */
export function roleWord(role: ContainerRole): string {
  return role === ContainerRole.UNSPECIFIED ? 'nobody' : (ContainerRole[role] ?? '').toLowerCase();
}

/** A person or a group by name. */
export function holderName(holder: Holder | undefined): Html {
  const { case: kind, value = '' } = holder?.holder ?? {};
  return html`${kind === 'group' ? 'group ' : ''}<strong>${value}</strong>${holder?.displayName && holder.displayName !== value ? html` <small>${holder.displayName}</small>` : ''}`;
}

/** Who has which role. @param actions what can be done about a member, for whoever may */
export function memberTable(members: readonly Member[], actions?: (member: Member) => Html): Html {
  return html`<table>
    <caption>Who may do what</caption>
    <thead>
      <tr><th scope="col">Who</th><th scope="col">Role</th><th scope="col" class="wide">Since</th>${actions ? html`<th scope="col"><span class="hidden">Actions</span></th>` : ''}</tr>
    </thead>
    <tbody>
      ${members.map(
        (member) => html`<tr>
          <td>${holderName(member.holder)}</td>
          <td>${roleWord(member.role)}</td>
          <td class="wide">${momentText(member.grantedAt)}${member.grantedBy ? html` by ${member.grantedBy}` : ''}</td>
          ${actions ? html`<td>${actions(member)}</td>` : ''}
        </tr>`,
      )}
    </tbody>
  </table>`;
}
