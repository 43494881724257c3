// What `scripts/dev` runs: a lab with a demo container, the addresses to open, and a file to source.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { get, type Server } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState, OperationsService, StepState } from '@berth/proto/api/v1/operations_pb.js';
import { createClient } from '@connectrpc/connect';
import { waitFor } from '../support/wait-for.ts';
import { devProxy } from './dev-proxy.ts';
import { createLab, type Lab } from './lab.ts';
import { createLocalLab, type LocalLab } from './local-lab.ts';
import { LAB_PLAN } from './net/plan.ts';
import { relay } from './net/relay.ts';
import { LAB_ADMINISTRATOR } from './site-setup.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const DOMAIN = 'apps.localhost';
const PORTS = { api: 8443, pages: 8080, containers: 8088 };

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const withGuests = process.getuid?.() === 0 && !process.argv.includes('--memory');
  const stopped = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.resolve());
  const lab = withGuests ? await realLab() : await localLab();
  try {
    await Promise.race([show(lab), stopped.promise.then(() => Promise.reject(new Error('stopped')))]).catch((error) => {
      if (error.message !== 'stopped') throw error;
    });
    await stopped.promise;
  } finally {
    say('stopping');
    await lab.close();
  }
}

interface Running {
  lab: Lab | LocalLab;
  ingressPort: number;
  httpPort: number;
  tcpPort: number;
  close(): Promise<void>;
}

async function realLab(): Promise<Running> {
  say('Building a site of network namespaces with LXC containers as guests.');
  const lab = await createLab({
    guest: 'debian-12',
    domain: DOMAIN,
    ports: PORTS,
    onProgress: (line) => say(`  ${line}`),
  });
  const target = { host: LAB_PLAN.web.wan.address, port: 443 };
  const ingress = await relay({ network: lab.network, from: lab.network.hosts.client, target });
  const close = async () => {
    await ingress.close();
    await lab.destroy();
  };
  return { lab, ingressPort: ingress.port, httpPort: 80, tcpPort: 22, close };
}

async function localLab(): Promise<Running> {
  say('Without root: guests live in memory, addresses are on loopback, and DHCP is left out.');
  say('nginx, dnsmasq, the agents and the control plane are the real ones.');
  const onProgress = (line: string) => say(`  ${line}`);
  const guestPorts = (await mayListen(80)) && (await mayListen(22)) ? { http: 80, tcp: 22 } : undefined;
  const lab = await createLocalLab({ siteName: 'lab', domain: DOMAIN, ports: PORTS, guestPorts, onProgress });
  const { https, guestHttp, guestTcp } = lab.ports;
  if (!guestPorts)
    say(`Guests answer HTTP on port ${guestHttp} and TCP on port ${guestTcp}, as 80 and 22 are not free.`);
  return { lab, ingressPort: https, httpPort: guestHttp, tcpPort: guestTcp, close: () => lab.destroy() };
}

/** Whether guests, whose addresses are on loopback, can have a port: root's it may be, or somebody else's. */
function mayListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function show(running: Running): Promise<void> {
  const { lab } = running;
  const proxy = await devProxy({ port: PORTS.containers, ingressPort: running.ingressPort });
  const end = running.close;
  running.close = async () => {
    endProxy(proxy);
    await end();
  };
  const url = `http://demo.${DOMAIN}:${PORTS.containers}/`;
  await demo(running, url);
  const env = await environmentFile(lab);
  say('');
  say(`Pages              ${lab.api.pagesUrl}/   (${LAB_ADMINISTRATOR.username} / ${LAB_ADMINISTRATOR.password})`);
  say(`Demo container     ${url}`);
  say(`From a terminal    source ${env}   then: berth container list`);
  say('');
  say('Ready. Ctrl-C ends it and leaves nothing behind.');
}

function endProxy(proxy: Server): void {
  proxy.close();
  proxy.closeAllConnections();
}

async function demo({ lab, httpPort, tcpPort }: Running, url: string): Promise<void> {
  say('  creating the demo container');
  const { operation } = await createClient(ContainersService, lab.api.transport).createContainer({
    container: {
      site: lab.site.id,
      hostname: 'demo',
      template: 'debian-12',
      cores: 1,
      memoryMib: 512,
      diskGib: 2,
      description: 'Shows what a container looks like.',
      services: [
        { internalPort: httpPort, exposure: { case: 'http', value: { host: `demo.${DOMAIN}` } } },
        { internalPort: tcpPort, exposure: { case: 'tcp', value: {} } },
      ],
    },
  });
  const shown = new Set<string>();
  const watch = createClient(OperationsService, lab.api.transport).watchOperation({ operation: operation?.id ?? '' });
  for await (const { operation: now } of watch) {
    for (const step of now?.steps ?? []) {
      if (step.state !== StepState.DONE || shown.has(step.name)) continue;
      shown.add(step.name);
      say(`    ✓ ${step.title}`);
    }
    if (now?.state === OperationState.FAILED) throw new Error(`the demo container failed: ${now.error}`);
  }
  await waitFor(() => answers(url), { timeoutMs: 20_000, what: `${url} to answer` });
}

/** Whether a page answers as a browser will see it; names below localhost are known to browsers, not to every resolver. */
function answers(url: string): Promise<boolean> {
  const { host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', reject);
  });
}

async function environmentFile(lab: Lab | LocalLab): Promise<string> {
  const directory = join(REPOSITORY, '.lab');
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'env');
  await rm(file, { force: true });
  const lines = [
    `export BERTH_URL='${lab.api.url}'`,
    `export BERTH_TOKEN='${lab.api.token}'`,
    `export BERTH_CA='${lab.api.caFile}'`,
    `export PATH="${REPOSITORY}/node_modules/.bin:$PATH"`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

await main();
