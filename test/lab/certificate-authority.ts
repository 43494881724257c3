/** A certificate authority beside a lab: pebble, with the proxy before it, asking the lab's nginx hosts. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AcmeAccountsService } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { createClient } from '@connectrpc/connect';
import { type AcmeProxy, startAcmeProxy } from './acme-proxy.ts';
import type { LocalLab } from './local-lab.ts';
import { type Pebble, startPebble } from './pebble.ts';

export interface LabAuthority {
  readonly pebble: Pebble;
  readonly proxy: AcmeProxy;
  /** Name of an account at it. */
  readonly account: string;
  destroy(): Promise<void>;
}

/** Starts it and makes an account at it by the API. */
export async function startLabAuthority(lab: LocalLab, env: Record<string, string> = {}): Promise<LabAuthority> {
  const directory = join(lab.directory, 'authority');
  await mkdir(directory, { recursive: true });
  const pebble = await startPebble({ directory, httpPort: lab.ports.http, env });
  const tls = { certFile: join(directory, 'pebble.crt'), keyFile: join(directory, 'pebble.key') };
  const proxy = await startAcmeProxy(pebble.port, tls);
  const account = 'pebble';
  await createClient(AcmeAccountsService, lab.api.transport).createAcmeAccount({
    account: {
      name: account,
      directoryUrl: proxy.directoryUrl,
      email: 'ada@example.org',
      termsAgreed: true,
      caPem: pebble.caPem,
    },
  });
  return {
    pebble,
    proxy,
    account,
    async destroy() {
      await proxy.close();
      await pebble.destroy();
    },
  };
}
