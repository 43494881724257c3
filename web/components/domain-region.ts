import { type Certificate, CertificateSource, type Domain } from '@berth/proto/api/v1/domains_pb.js';
import { html } from 'hono/html';
import type { Html } from '../layout.ts';
import { certificateSummary, certificateTable } from './certificates.ts';
import { conditions } from './conditions.ts';
import { momentText } from './moment.ts';

/** The part of a domain's page that changes while somebody watches. */
export function domainRegion(domain: Domain, certificates: readonly Certificate[]): Html {
  const now = Date.now();
  return html`<p>${domain.owner ? `Brought by ${domain.owner}` : 'Of the site'}. Certificates: ${certificateSummary(domain, now)}</p>
    ${domain.certificateSource === CertificateSource.INTERNAL ? internalAuthority() : ''}
    ${conditions(domain.conditions)}
    ${domain.verified ? certificateTable(domain, certificates, now) : proofSteps(domain)}`;
}

function internalAuthority(): Html {
  return html`<p>Whoever opens these names must trust <a href="/internal-authority.pem">the certificate of the authority
    of this installation</a>: on its own it is known to no browser.</p>`;
}

function proofSteps({ id, name, proof }: Domain): Html {
  if (!proof) return html``;
  return html`<h2>Show that ${name} is yours</h2>
    <p>Do one of the two, then let Berth look. Until then nothing is served under it, and whoever shows it first has it.</p>
    <ol>
      <li>At your DNS provider, add the record
        <pre>${proof.txtName}.  TXT  "${proof.txtValue}"</pre></li>
      <li>Or let <span class="long">${proof.httpUrl}</span> answer with exactly
        <pre>${proof.txtValue}</pre></li>
    </ol>
    <p>${proof.checkedAt ? html`Last looked for at ${momentText(proof.checkedAt)}.` : 'Not looked for yet.'}</p>
    ${proof.lastError ? html`<p class="bad">Found instead:</p><pre>${proof.lastError}</pre>` : ''}
    <form method="post" action="/domains/${id}/verify"><button>Check now</button></form>`;
}
