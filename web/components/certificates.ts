import { type Certificate, CertificateSource, CertificateState, type Domain } from '@berth/proto/api/v1/domains_pb.js';
import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';
import { SOURCE_WORDS } from './domain-words.ts';
import { momentText } from './moment.ts';

const DAY_MS = 24 * 3_600_000;
/** Days before its end at which a certificate is pointed out. */
const SOON_DAYS = 14;

const CLASSES: Partial<Record<CertificateState, string>> = {
  [CertificateState.VALID]: 'good',
  [CertificateState.FAILED]: 'bad',
  [CertificateState.EXPIRED]: 'bad',
};

/** The certificates of a domain at a glance. @param now milliseconds since the epoch */
export function certificateSummary(domain: Domain, now: number): Html {
  if (!domain.verified) return badge('warn', 'ownership not proven');
  const { valid = 0, pending = 0, failed = 0, firstNotAfter } = domain.certificates ?? {};
  const selfSigned = domain.certificateSource === CertificateSource.SELF_SIGNED;
  return html`${SOURCE_WORDS[domain.certificateSource] ?? ''}
    ${selfSigned ? badge('warn', 'browsers warn') : ''}
    ${valid > 0 ? badge('good', `${valid} valid`) : ''}
    ${pending > 0 ? badge('info', `${pending} on their way`) : ''}
    ${failed > 0 ? badge('bad', `${failed} failed`) : ''}
    ${firstNotAfter ? html`<small>${valid + failed > 1 ? 'the first' : 'it'} ${ends(firstNotAfter, now)}</small>` : ''}`;
}

/** The certificates of a domain with what can be done about each. */
export function certificateTable(domain: Domain, certificates: readonly Certificate[], now: number): Html {
  if (certificates.length === 0) {
    return html`<p>None yet: each name gets one when a service has it. Until then a self-signed one is served.</p>`;
  }
  return html`<table>
    <caption>Certificates</caption>
    <thead>
      <tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Signed by</th><th scope="col">Ends</th><th scope="col" class="wide">Next try</th><th scope="col"><span class="hidden">Actions</span></th></tr>
    </thead>
    <tbody>
      ${certificates.map((certificate) => rows(domain, certificate, now))}
    </tbody>
  </table>`;
}

function rows(domain: Domain, certificate: Certificate, now: number): Html {
  const { name, dnsNames, state, issuer, notAfter, nextTryAt, nextTryReason } = certificate;
  const more = dnsNames.filter((each) => each !== name).join(', ');
  return html`<tr>
      <th scope="row" class="long">${name}${more ? html` <small>and ${more}</small>` : ''}</th>
      <td>${badge(CLASSES[state] ?? 'info', (CertificateState[state] ?? '').toLowerCase())}</td>
      <td class="long">${issuer || 'itself'}</td>
      <td>${notAfter ? html`${momentText(notAfter)} <small>${ends(notAfter, now)}</small>` : 'not there yet'}</td>
      <td class="wide">${nextTryAt ? html`${momentText(nextTryAt)} <small>${nextTryReason}</small>` : ''}</td>
      <td>${actions(domain, certificate)}</td>
    </tr>
    ${words(certificate)}`;
}

/** What is being waited for, and what went wrong at last, in the authority's own words. */
function words({ progress, lastError, lastErrorAt, failures, explanationUrl }: Certificate): Html {
  if (!progress && !lastError && !explanationUrl) return html``;
  return html`<tr><td colspan="6" class="long">
    ${progress ? html`<p>Under way: ${progress}</p>` : ''}
    ${lastError ? html`<p class="bad">Failed at ${momentText(lastErrorAt)}${failures > 1 ? `, ${failures} times in a row` : ''}:</p><pre>${lastError}</pre>` : ''}
    ${explanationUrl.startsWith('https://') ? html`<p><a href="${explanationUrl}" rel="noreferrer">Why its authority suggests to renew it</a></p>` : ''}
  </td></tr>`;
}

function actions({ id, certificateSource }: Domain, certificate: Certificate): Html {
  const uploaded = certificateSource === CertificateSource.UPLOADED;
  const ordered = certificateSource === CertificateSource.ACME || certificateSource === CertificateSource.INTERNAL;
  const form = (verb: string, button: Html) =>
    html`<form method="post" action="/domains/${id}/certificates/${verb}">
      <input type="hidden" name="certificate" value="${certificate.id}" />${button}
    </form>`;
  const label = html`<span class="hidden"> ${certificate.name}</span>`;
  return html`${uploaded ? '' : form('renew', html`<button class="quiet">Renew now${label}</button>`)}
    ${
      ordered && certificate.serial
        ? html`<details><summary>Revoke<span class="hidden"> ${certificate.name}</span></summary>
          ${form('revoke', html`<p>Another, with a new key, is ordered at once.</p><button class="danger">Revoke${label}</button>`)}
        </details>`
        : ''
    }`;
}

/** When a certificate ends, counted in days. */
function ends(moment: Timestamp, now: number): Html {
  const days = Math.floor((timestampMs(moment) - now) / DAY_MS);
  if (days < 0) return badge('bad', 'has ended');
  const text = days === 0 ? 'ends today' : `ends in ${days} ${days === 1 ? 'day' : 'days'}`;
  return days < SOON_DAYS ? badge('warn', text) : html`${text}`;
}

function badge(kind: string, text: string): Html {
  return html`<span class="badge ${kind}">${text}</span>`;
}
