import { request } from 'node:http';

/** What the running nginx says about itself. */
export type NginxStatus = { readonly releaseId: string; readonly pid: number };

/** Connections of nginx since its start. */
export type NginxConnections = Record<'active' | 'reading' | 'writing' | 'waiting' | 'accepted' | 'requests', bigint>;

/** Asks a worker, over its unix socket, which release it serves; undefined when nobody answers within a second. */
export async function askStatus(socketPath: string): Promise<NginxStatus | undefined> {
  return parseStatus((await ask(socketPath, '/')) ?? '');
}

/** Asks a worker how many connections there are; undefined where nginx does not count them, or nobody answers. */
export async function askConnections(socketPath: string): Promise<NginxConnections | undefined> {
  const numbers = ((await ask(socketPath, '/connections')) ?? '').match(/\d+/g)?.map(BigInt) ?? [];
  const [active, accepted, , requests, reading, writing, waiting] = numbers;
  if (waiting === undefined) return undefined;
  return { active, accepted, requests, reading, writing, waiting } as NginxConnections;
}

function ask(socketPath: string, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path, agent: false, timeout: 1000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : undefined));
      response.on('error', () => resolve(undefined));
    });
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

function parseStatus(text: string): NginxStatus | undefined {
  const [releaseId, pid] = text.trim().split(' ');
  return releaseId && pid ? { releaseId, pid: Number(pid) } : undefined;
}
