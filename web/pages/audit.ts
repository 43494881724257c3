import { type AuditEntry, AuditEntrySchema, AuditService, AuditVia } from '@berth/proto/api/v1/audit_pb.js';
import { toJson } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { stream } from 'hono/streaming';
import { momentText } from '../components/moment.ts';
import { field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import type { Form } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** Fields of the search, with label and hint. */
const FIELDS = [
  ['user', 'Who', 'Login name.'],
  ['action', 'What', 'How it begins, e.g. container.'],
  ['object', 'To what', 'Name or identifier, e.g. lab/web1.'],
  ['text', 'With the word', 'In names or in the change.'],
  ['site', 'Site', ''],
  ['address', 'From', 'An address.'],
  ['since', 'Since', 'e.g. 2026-03-01 or 2026-03-01T12:00Z'],
  ['until', 'Before', ''],
] as const;

/** The audit log: searched on a page, and downloaded as JSON lines. */
export function auditPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => {
    const form = c.req.query();
    const request = { filter: filterOf(form), pageSize: 50, pageToken: form.page ?? '' };
    const answer = await refusable(client(c).listAuditEntries(request));
    const found = answer.ok ? results(form, answer.value) : formMessage(answer.errors);
    const body = html`<h1>Audit log</h1>
      ${search(form)} ${found}`;
    return c.html(
      layout({ title: 'Audit log', section: 'audit', user: c.get('user'), body }),
      answer.ok ? 200 : answer.status,
    );
  });
  pages.get('/export', async (c) => {
    const entries = client(c).exportAudit({ filter: filterOf(c.req.query()) }, { signal: c.req.raw.signal });
    const messages = entries[Symbol.asyncIterator]();
    // What is wrong with the search shows at the first message, while an error page can still be sent.
    let next = await messages.next();
    c.header('content-type', 'application/x-ndjson; charset=utf-8');
    c.header('content-disposition', 'attachment; filename="audit.jsonl"');
    c.header('cache-control', 'no-store');
    return stream(c, async (out) => {
      for (; !next.done; next = await messages.next()) {
        for (const entry of next.value.entries) await out.writeln(JSON.stringify(toJson(AuditEntrySchema, entry)));
      }
    });
  });
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(AuditService, c.get('transport'));

function filterOf({ user = '', action = '', object = '', text = '', site = '', address = '', since, until }: Form) {
  return { user, action, object, text, site, address, ...timeOf('since', since), ...timeOf('until', until) };
}

/** A moment as typed; what is none becomes one that the API refuses and names. */
function timeOf(name: 'since' | 'until', typed = '') {
  if (typed.trim() === '') return {};
  const ms = Date.parse(typed.trim());
  return { [name]: Number.isFinite(ms) ? timestampFromMs(ms) : timestampFromMs(-1) };
}

function addressOf(path: string, form: Form, more: Form = {}): string {
  const kept = FIELDS.flatMap(([name]) => (form[name] ? [[name, form[name]]] : []));
  const query = new URLSearchParams([...kept, ...Object.entries(more)] as [string, string][]);
  return `${path}?${query}`;
}

function search(form: Form): Html {
  return html`<form method="get" action="/audit" class="filter" role="search" aria-label="Search the audit log">
    ${FIELDS.map(([name, label, hint]) => field({ label, name, path: `filter.${name}`, value: form[name], hint }))}
    <button>Search</button>
  </form>`;
}

function results(form: Form, page: { entries: AuditEntry[]; nextPageToken: string }): Html {
  const { entries, nextPageToken } = page;
  const more = nextPageToken
    ? html`<p><a href="${addressOf('/audit', form, { page: nextPageToken })}">${entries.length > 0 ? 'Older entries' : 'Nothing so far back; look further'}</a></p>`
    : '';
  return html`<p><a href="${addressOf('/audit/export', form)}" download>Download all of these as JSON lines</a></p>
    ${entries.length > 0 ? table(entries) : nextPageToken ? '' : html`<p>There is nothing of that kind.</p>`}
    ${more}`;
}

/** Changes shown without a click. */
const SHOWN = 4;

function table(entries: readonly AuditEntry[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">When and who</th><th scope="col">What</th><th scope="col">Change</th><th scope="col" class="wide">From</th></tr>
    </thead>
    <tbody>
      ${entries.map(
        (entry) => html`<tr>
          <td>${momentText(entry.at)}<br /><strong>${entry.user || 'Berth'}</strong></td>
          <td class="long"><code>${entry.action}</code><br />${objectLink(entry)}</td>
          <td class="long">${changes(entry)}</td>
          <td class="wide">${entry.address} ${entry.via === AuditVia.UNSPECIFIED ? '' : (AuditVia[entry.via] ?? '').toLowerCase()}${entry.token ? ' with a token' : ''}<br /><small><code>${entry.requestId}</code></small></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function changes({ changes: all }: AuditEntry): Html {
  const lines = all.map(
    ({ field: name, from, to }) => html`${name}: ${from ? html`<del>${from}</del> → ` : ''}${to || '–'}<br />`,
  );
  if (lines.length <= SHOWN) return html`${lines}`;
  return html`<details><summary>${lines.length} fields</summary>${lines}</details>`;
}

function objectLink({ objectKind, objectId, objectName }: AuditEntry): Html {
  const name = objectName || objectId;
  return objectKind === 'container'
    ? html`<a href="/containers/${objectId}">${name}</a>`
    : html`${objectKind.replaceAll('_', ' ')} ${name}`;
}
