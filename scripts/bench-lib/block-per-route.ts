import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@berth/test/support/free-port.ts';
import { PlainNginx } from './plain-nginx.ts';

/**
 * Milliseconds that an nginx with one server block a route takes to write, test and load a change with `routes`
 * present.
 */
export async function blockPerRouteApplyMs(routes: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const nginx = new PlainNginx(directory);
  const port = await freePort();
  try {
    await nginx.load('first', blocks(routes, port, 1));
    return await nginx.load('second', blocks(routes, port, 2));
  } finally {
    await nginx.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function blocks(routes: number, port: number, change: number): string {
  const sizes = 'server_names_hash_max_size 65536; server_names_hash_bucket_size 128;';
  const servers = Array.from({ length: routes }, (_, i) => {
    const address = i === 0 ? `10.8.0.${change}` : `10.9.${i >> 8}.${i & 255}`;
    return `server { listen 127.0.0.1:${port}; server_name web${i}.apps.lab; location / { proxy_pass http://${address}:80; } }`;
  });
  return `access_log off;\n${sizes}\n${servers.join('\n')}`;
}
