import { type Agent, AgentRole, AgentState, AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { conditions } from '../components/conditions.ts';
import { type Html, layout } from '../layout.ts';
import { liveRegion } from '../live.ts';
import type { WebEnv } from '../session.ts';

/** The agents: heard or not, which generation they hold and which they should, and what needs attention. */
export function agentPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => {
    const { agents } = await client(c).listAgents({ pageSize: 200 });
    const body = html`<h1>Agents</h1>
      <div data-live="/agents/events" aria-live="polite">${table(agents)}</div>`;
    return c.html(layout({ title: 'Agents', section: 'agents', user: c.get('user'), body }));
  });
  pages.get('/events', (c) =>
    liveRegion(c, async (send, signal) => {
      const known = new Map<string, Agent>();
      for await (const { agent } of client(c).watchAgents({}, { signal })) {
        if (!agent) continue;
        known.set(agent.id, agent);
        await send(table([...known.values()].sort((a, b) => a.name.localeCompare(b.name))));
      }
    }),
  );
  pages.post('/:id/retry', async (c) => {
    await client(c).retryAgent({ agent: c.req.param('id') });
    return c.redirect('/agents', 303);
  });
  pages.post('/:id/confirm-restore', async (c) => {
    await client(c).confirmRestore({ agent: c.req.param('id') });
    return c.redirect('/agents', 303);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(AgentsService, c.get('transport'));
}

function table(agents: Agent[]): Html {
  if (agents.length === 0)
    return html`<p>No host has joined yet: <code>berth agent create</code> prints the command to run there.</p>`;
  return html`<table>
    <thead>
      <tr><th scope="col">Agent</th><th scope="col">Roles</th><th scope="col">State</th><th scope="col">Held</th><th scope="col">Running</th><th scope="col">Desired</th><th scope="col">Certificate until</th><th scope="col"><span class="hidden">Actions</span></th></tr>
    </thead>
    <tbody>
      ${agents.map(row)}
    </tbody>
  </table>`;
}

function row(agent: Agent): Html {
  const behind = agent.runningGeneration < agent.desiredGeneration;
  return html`<tr>
      <th scope="row">${agent.name}<br /><small>${agent.version}</small></th>
      <td>${agent.roles.map((role) => (AgentRole[role] ?? '').toLowerCase()).join(', ')}</td>
      <td>${badge(agent)}</td>
      <td>${agent.aheadGeneration || agent.acknowledgedGeneration}</td>
      <td class="${behind ? 'warn' : 'good'}">${agent.runningGeneration}</td>
      <td>${agent.desiredGeneration}</td>
      <td>${agent.certificateExpiresAt ? timestampDate(agent.certificateExpiresAt).toISOString().slice(0, 16).replace('T', ' ') : ''}</td>
      <td><form method="post" action="/agents/${agent.id}/retry"><button class="quiet">Send again</button></form></td>
    </tr>
    ${agent.conditions.length > 0 ? html`<tr><td colspan="8">${conditions(agent.conditions)}</td></tr>` : ''}
    ${agent.restorePending ? html`<tr><td colspan="8">${afterRestore(agent)}</td></tr>` : ''}`;
}

function badge(agent: Agent): Html {
  const heard = (AgentState[agent.state] ?? '').toLowerCase();
  if (agent.aheadGeneration > 0n) return html`<span class="badge warn">ahead</span>`;
  return html`<span class="badge ${agent.state === AgentState.CONNECTED ? 'good' : 'warn'}">${heard}</span>`;
}

/** What is to be decided about an agent after a restore. */
function afterRestore(agent: Agent): Html {
  if (agent.aheadGeneration === 0n) {
    return html`<p>Berth was restored from a backup and does not know yet what this host holds. Operations of its site wait
      until it has come back.</p>`;
  }
  return html`<form method="post" action="/agents/${agent.id}/confirm-restore">
    <p>This host serves what was made after the backup. Going back ends that, as said above, and cannot be undone.
      <button class="danger">Go back to what was restored</button></p>
  </form>`;
}
