import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sealSecret } from '@berth/control-plane/dns/open-dns-provider.ts';
import { newId } from '@berth/control-plane/ids.ts';
import type { AcmeWorld } from './world.ts';

/** A DNS provider of the kind "webhook" whose program keeps its records in pebble's DNS. */
export interface DnsHook {
  readonly providerId: string;
  /** What it was asked for, e.g. "present _acme-challenge.a.example", oldest first. */
  readonly calls: string[];
  /** Answers with this status from now on; 200 again lets it work. */
  status: number;
  close(): Promise<void>;
}

export async function startDnsHook(world: AcmeWorld): Promise<DnsHook> {
  const calls: string[] = [];
  const hook = { calls, status: 200 };
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { action, name, value } = JSON.parse(body);
      calls.push(`${action} ${name}`);
      if (hook.status === 200 && action === 'present') await world.pebble.setTxt(name, value);
      if (hook.status === 200 && action === 'remove') await world.pebble.clearTxt(name);
      response.writeHead(hook.status).end('the program says so');
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const providerId = await world.store.transaction(async (tx) => {
    const id = newId('dnp', tx.now);
    await tx.db
      .insertInto('dns_providers')
      .values({
        id,
        name: 'hook',
        kind: 'webhook',
        settings: JSON.stringify({ url: `http://127.0.0.1:${port}/` }),
        check_servers: JSON.stringify([world.pebble.dns]),
        secret_box: sealSecret(tx.secrets, id, 'hush'),
        last_error: '',
        created_at: tx.now,
        updated_at: tx.now,
      })
      .execute();
    return id;
  });
  return Object.assign(hook, {
    providerId,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}
