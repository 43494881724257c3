/**
 * From a change to its first request served through nginx, with 10, 1,000 and 10,000 routes present, on the whole
 * product: API, store, fleet, agent, nginx. Beside it, in the same run, what a manager that is asked every 30 seconds
 * and writes one server block per route takes: measured for writing, testing and reloading, plus the wait for the next
 * poll, which is uniform over the interval.
 */
import { createServer } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { AgentRole, AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { createLocalLab, type LocalLab } from '@berth/test/lab/local-lab.ts';
import { populate } from '@berth/test/lab/populate.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { createClient } from '@connectrpc/connect';
import { blockPerRouteApplyMs } from './block-per-route.ts';
import { quantile, type Row, row } from './rows.ts';

const SIZES = [10, 1_000, 10_000];
const CHANGES = 200;
const POLL_MS = 30_000;
const DOMAIN = 'apps.localhost';

/** Takes the figures; about five minutes. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) {
    say(`${size} routes: building a site`);
    const times = await measure(size, say);
    const applyMs = await blockPerRouteApplyMs(size);
    for (const q of [0.5, 0.95, 0.99]) {
      const figure = `change → served, p${q * 100}, ${size} routes (other: 30 s poll, block per route)`;
      rows.push(row('propagation', figure, 'ms', quantile(times, q), POLL_MS * q + applyMs));
    }
  }
  return rows;
}

async function measure(size: number, say: (line: string) => void): Promise<number[]> {
  const lab = await createLocalLab({ domain: DOMAIN });
  const backend = createServer((_request, answer) => answer.end('ok\n'));
  // A port of its own: the guests in memory bind theirs.
  const port = lab.ports.guestHttp + 1;
  await new Promise<void>((resolve) => backend.listen(port, '0.0.0.0', resolve));
  try {
    const containers = await populate({
      databaseUrl: `sqlite:${join(lab.directory, 'cp', 'berth.db')}`,
      masterKeyFile: join(lab.directory, 'cp', 'master.key'),
      siteId: lab.site.id,
      domain: DOMAIN,
      count: size,
      internalPort: port,
    });
    const [container = ''] = containers;
    await change(lab, container, 'first', port, 120_000);
    say(`${size} routes: ${CHANGES} changes`);
    const times: number[] = [];
    for (let i = 0; i < CHANGES; i++) times.push(await change(lab, container, `change-${i}`, port, 30_000));
    return times;
  } finally {
    backend.close();
    backend.closeAllConnections();
    await lab.destroy();
  }
}

/**
 * Adds one route and asks for it until it is served, then takes it away again and waits until that is done, so that as
 * many routes are present at the next change and nothing is left to do; milliseconds from before the call to the first
 * good answer.
 */
async function change(
  lab: LocalLab,
  container: string,
  label: string,
  port: number,
  timeoutMs: number,
): Promise<number> {
  const host = `${label}.${DOMAIN}`;
  const services = createClient(ServicesService, lab.api.transport);
  const began = performance.now();
  const { service } = await services.createService({
    container,
    service: { internalPort: port, exposure: { case: 'http', value: { host } } },
  });
  await waitFor(async () => (await ask(lab.ports.https, host)) === 200, { timeoutMs, intervalMs: 2, what: host });
  const took = performance.now() - began;
  const added = await settled(lab, 0n, timeoutMs);
  await services.deleteService({ service: service?.id ?? '' });
  await settled(lab, added, timeoutMs);
  return took;
}

/** Waits until nginx's agent runs what it should, of a generation above `above`. @returns that generation */
async function settled(lab: LocalLab, above: bigint, timeoutMs: number): Promise<bigint> {
  const agents = createClient(AgentsService, lab.api.transport);
  return waitFor(
    async () => {
      const nginx = (await agents.listAgents({})).agents.find(({ roles }) => roles.includes(AgentRole.NGINX));
      const { runningGeneration = 0n, desiredGeneration = 0n } = nginx ?? {};
      return runningGeneration === desiredGeneration && runningGeneration > above ? runningGeneration : undefined;
    },
    { timeoutMs, what: 'nginx to have settled' },
  );
}

function ask(port: number, host: string): Promise<number> {
  return new Promise((resolve) => {
    const out = request({
      host: '127.0.0.1',
      port,
      servername: host,
      headers: { host },
      agent: false,
      rejectUnauthorized: false,
    });
    out.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    out.on('error', () => resolve(0));
    out.end();
  });
}
