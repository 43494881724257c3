/** A control plane without any agents, for tests of what people do with it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import type { Transport } from '@connectrpc/connect';
import { freePort } from '../support/free-port.ts';
import { Program } from './program.ts';
import { becomeAdministrator } from './site-setup.ts';

export interface LoneControlPlane {
  readonly program: Program;
  readonly directory: string;
  /** Pages without TLS, for a browser. */
  readonly pagesUrl: string;
  readonly api: { url: string; caFile: string; token: string };
  /** In the name of the administrator. */
  readonly transport: Transport;
  /** In the name of somebody else, or of nobody. */
  transportOf(token: string): Transport;
  destroy(): Promise<void>;
}

/** Starts it and makes its first administrator. @throws with its output when it does not come up */
export async function startLoneControlPlane(env: Record<string, string> = {}): Promise<LoneControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-alone-'));
  const [api, pages, agents] = [await freePort(), await freePort(), await freePort()];
  const program = new Program({
    name: 'control plane',
    command: process.execPath,
    args: ['control-plane/main.ts'],
    env: {
      BERTH_STATE_DIR: directory,
      BERTH_LISTEN: `127.0.0.1:${api}`,
      BERTH_PLAIN_LISTEN: `127.0.0.1:${pages}`,
      BERTH_AGENT_LISTEN: `127.0.0.1:${agents}`,
      BERTH_SERVER_NAMES: '127.0.0.1,localhost',
      ...env,
    },
    logFile: join(directory, 'control-plane.log'),
    ready: /control plane ready/,
  });
  const destroy = async () => {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await program.start();
    const url = `https://127.0.0.1:${api}`;
    const caFile = join(directory, 'ca.pem');
    const ca = await readFile(caFile, 'utf8');
    const transportOf = (token: string) => transportTo(url, { ca, token });
    const token = await becomeAdministrator(transportOf(''), join(directory, 'setup-code'));
    const address = { pagesUrl: `http://127.0.0.1:${pages}`, api: { url, caFile, token } };
    return { program, directory, ...address, transport: transportOf(token), transportOf, destroy };
  } catch (error) {
    await destroy();
    throw error;
  }
}
