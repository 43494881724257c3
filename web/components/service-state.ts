import type { Service } from '@berth/proto/api/v1/services_pb.js';
import { SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';
import { conditions } from './conditions.ts';
import { serviceLink } from './container-state.ts';
import { momentText } from './moment.ts';

/** The services of a container with what is worth knowing of each at a glance. */
export function serviceTable(container: string, services: readonly Service[], mayAdd: boolean): Html {
  const add = mayAdd ? html`<p><a href="/containers/${container}/services/new">Serve another port</a></p>` : '';
  if (services.length === 0) return html`<p>It has no services: nothing of it is reached from outside.</p>${add}`;
  return html`<table class="services">
      <caption>Services</caption>
      <thead>
        <tr><th scope="col">Address</th><th scope="col">Port</th><th scope="col">Backend</th><th scope="col">Certificate</th><th scope="col">Who may come</th><th scope="col"><span class="hidden">More</span></th></tr>
      </thead>
      <tbody>
        ${services.map(
          (service) => html`<tr>
            <th scope="row">${serviceLink(service.url)} ${conditions(service.conditions)}</th>
            <td>${service.internalPort}</td>
            <td>${backendBadge(service)}</td>
            <td>${certificateBadge(service)}</td>
            <td>${audience(service)}</td>
            <td><a href="/containers/${container}/services/${service.id}" aria-label="Options of ${service.url}">Options</a></td>
          </tr>`,
        )}
      </tbody>
    </table>
    ${add}`;
}

/** Whether its backend answers, in a word. */
function backendBadge({ health }: Service): Html {
  if (health.length === 0) return html`<span class="badge info">not looked at</span>`;
  const sick = health.find(({ healthy }) => !healthy);
  return sick
    ? html`<span class="badge bad">does not answer</span> ${sick.error}`
    : html`<span class="badge good">answers</span>`;
}

function certificateBadge({ certificates, exposure }: Service): Html {
  if (certificates.length === 0) return html`${exposure.case === 'http' ? 'none' : ''}`;
  const worst = certificates.find(({ selfSigned }) => selfSigned);
  if (worst) return html`<span class="badge warn">self-signed</span> ${worst.problem}`;
  const problem = certificates.find(({ problem }) => problem !== '')?.problem ?? '';
  return html`<span class="badge good">signed</span> ${problem}`;
}

/** Who gets as far as the container. */
export function audience({ exposure }: Service): string {
  if (exposure.case === undefined) return '';
  const lists = exposure.case === 'http' ? exposure.value.options : exposure.value;
  const limited = lists && lists.allow.length + lists.deny.length > 0 ? ', by address' : '';
  const options = exposure.case === 'http' ? exposure.value.options : undefined;
  if (options?.maintenance) return 'nobody: maintenance';
  if (options && options.basicAuth.length > 0) return `whoever has a password${limited}`;
  switch (options?.signIn?.require) {
    case SignInRequirement.MEMBERS:
      return `its members${limited}`;
    case SignInRequirement.GROUPS:
      return `its members and ${options.signIn.groups.join(', ') || 'groups that are gone'}${limited}`;
    case SignInRequirement.ANYBODY:
      return `whoever has an account${limited}`;
    case SignInRequirement.OAUTH2_PROXY:
      return `whom the oauth2-proxy lets in${limited}`;
    default:
      return `everybody${limited}`;
  }
}

/** What is seen of a service: its backend, its certificates, and why it is set aside if it is. */
export function serviceState(service: Service): Html {
  return html`${conditions(service.conditions)}
    <p>${serviceLink(service.url)} → port ${service.internalPort}</p>
    ${healthTable(service)}
    ${certificateTable(service)}`;
}

function healthTable({ health }: Service): Html {
  if (health.length === 0) return html`<p>No ingress host has looked at its backend yet.</p>`;
  return html`<table>
    <caption>Backend</caption>
    <thead><tr><th scope="col">Seen by</th><th scope="col">State</th><th scope="col">Since</th></tr></thead>
    <tbody>
      ${health.map(
        ({ agent, healthy, error, since }) => html`<tr>
          <th scope="row">${agent}</th>
          <td>${healthy ? html`<span class="badge good">answers</span>` : html`<span class="badge bad">does not answer</span> ${error}`}</td>
          <td>${momentText(since)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function certificateTable({ certificates }: Service): Html {
  if (certificates.length === 0) return html``;
  return html`<table>
    <caption>Certificates</caption>
    <thead><tr><th scope="col">Name</th><th scope="col">Signed by</th><th scope="col">Until</th><th scope="col">Problem</th></tr></thead>
    <tbody>
      ${certificates.map(
        ({ host, selfSigned, issuer, notAfter, problem }) => html`<tr>
          <th scope="row"><code>${host}</code></th>
          <td>${selfSigned ? html`<span class="badge warn">itself</span> Browsers warn until an authority has signed one.` : issuer}</td>
          <td>${momentText(notAfter)}</td>
          <td>${problem ? html`<pre>${problem}</pre>` : ''}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
