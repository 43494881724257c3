import { request } from 'node:http';

/** What the running nginx says about itself. */
export type NginxStatus = { readonly releaseId: string; readonly pid: number };

/** Asks a worker, over its unix socket, which release it serves; undefined when nobody answers within a second. */
export function askStatus(socketPath: string): Promise<NginxStatus | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/', agent: false, timeout: 1000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(parseStatus(text)));
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
