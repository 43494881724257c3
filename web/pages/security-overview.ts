import type { Passkey, Security, Session } from '@berth/proto/api/v1/security_pb.js';
import { html } from 'hono/html';
import { momentText } from '../components/moment.ts';
import type { Html } from '../layout.ts';

/** Second factors and sessions, each with what can be done with it. @param path of the page */
export function securityOverview(path: string, security: Security, sessions: readonly Session[]): Html {
  return html`<p>${proof(path, security)}</p>
    <h2>One-time codes</h2>
    ${totp(path, security)}
    <h2>Passkeys</h2>
    ${passkeys(path, security)}
    <h2>Recovery codes</h2>
    ${recoveryCodes(path, security)}
    <h2>Sessions</h2>
    ${sessionTable(path, sessions)}`;
}

function proof(path: string, { provenUntil }: Security): Html {
  return provenUntil
    ? html`Until ${momentText(provenUntil)} you can change this; after that you confirm first that it is you.`
    : html`To change this, <a href="${path}/confirm">confirm first that it is you</a>.`;
}

function button(action: string, label: string, kind: 'quiet' | 'danger' | '' = ''): Html {
  return html`<form method="post" action="${action}"><button class="${kind}">${label}</button></form>`;
}

function totp(path: string, { totpConfirmedAt, loginTotp }: Security): Html {
  if (!totpConfirmedAt) {
    return html`<p>Six digits from a program on your telephone, asked for after the password.</p>
      ${button(`${path}/totp`, 'Set up one-time codes')}`;
  }
  return html`<p>Asked for since ${momentText(totpConfirmedAt)}.</p>
    <form method="post" action="${path}/totp/logins">
      <input type="hidden" name="enabled" value="${loginTotp ? '' : 'yes'}" />
      <p>${
        loginTotp
          ? 'Logins to containers want the code too: type it right after the password, in the same field.'
          : 'Logins to containers by password do not want the code.'
      }</p>
      <button class="quiet">${loginTotp ? 'Do not ask for it at logins' : 'Ask for it at logins to containers too'}</button>
    </form>
    ${button(`${path}/totp/remove`, 'Remove one-time codes', 'danger')}`;
}

function passkeys(path: string, { passkeys: all, passkeysAvailable }: Security): Html {
  const list = html`<div class="wide"><table>
    <thead><tr><th scope="col">Name</th><th scope="col">Registered</th><th scope="col">Last used</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
    <tbody>${all.map((passkey) => passkeyRow(path, passkey))}</tbody>
  </table></div>`;
  return html`<p>A key on your telephone, your computer or a stick, used by touch instead of a code.</p>
    ${all.length > 0 ? list : ''}
    ${
      passkeysAvailable
        ? button(`${path}/passkeys`, 'Add a passkey')
        : html`<p>They cannot be used here: this server is reached by an address, and passkeys want a name.</p>`
    }`;
}

function passkeyRow(path: string, { id, name, createdAt, lastUsedAt }: Passkey): Html {
  return html`<tr>
    <th scope="row">
      <form method="post" action="${path}/passkeys/${id}/rename" class="line">
        <label class="hidden" for="name-${id}">Name</label>
        <input id="name-${id}" name="name" value="${name}" required />
        <button class="quiet">Rename</button>
      </form>
    </th>
    <td>${momentText(createdAt)}</td>
    <td>${momentText(lastUsedAt)}</td>
    <td>${button(`${path}/passkeys/${id}/remove`, 'Remove', 'danger')}</td>
  </tr>`;
}

function recoveryCodes(path: string, { totpConfirmedAt, passkeys: all, recoveryCodesLeft }: Security): Html {
  if (!totpConfirmedAt && all.length === 0) return html`<p>You get them with your first second factor.</p>`;
  return html`<p class="${recoveryCodesLeft < 3 ? 'warn' : ''}">${recoveryCodesLeft} of 10 are left.</p>
    ${button(`${path}/recovery-codes`, 'Make new ones', 'quiet')}`;
}

function sessionTable(path: string, sessions: readonly Session[]): Html {
  return html`<div class="wide"><table>
      <thead><tr><th scope="col">From</th><th scope="col">With</th><th scope="col">Opened</th><th scope="col">Last used</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody>
        ${sessions.map(
          (session) => html`<tr>
            <th scope="row">${session.address || 'unknown'}${session.current ? html` <span class="badge good">this one</span>` : ''}</th>
            <td>${session.userAgent}${session.secondFactor ? html`<br /><small>with a second factor</small>` : ''}</td>
            <td>${momentText(session.createdAt)}</td>
            <td>${momentText(session.lastUsedAt)}</td>
            <td>${session.current ? '' : button(`${path}/sessions/${session.id}/end`, 'End', 'danger')}</td>
          </tr>`,
        )}
      </tbody>
    </table></div>
    ${sessions.length > 1 ? button(`${path}/sessions/end-others`, 'End all others', 'danger') : ''}`;
}
