import type { DnsDeps } from '@berth/control-plane/dns/dns-provider.ts';
import { openDnsProvider, sealSecret } from '@berth/control-plane/dns/open-dns-provider.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import type { Row } from '@berth/control-plane/store/schema.ts';
import type { Store } from '@berth/control-plane/store/store.ts';
import { systemClock } from '@berth/proto/contract/clock.ts';
import type { TestKey } from '../support/name-server.ts';

/** What DNS work is done with, against servers on loopback. */
export async function openDnsDeps(resolver: string): Promise<DnsDeps & { store: Store }> {
  const store = await openStore({ url: 'sqlite::memory:', masterKey: new Uint8Array(32).fill(7), clock: systemClock });
  return { store, clock: systemClock, random: Math.random, dns: { resolvers: [resolver], closedNetwork: true } };
}

/** A row of a provider, as the database would have it. */
export function providerRow(
  store: Store,
  kind: Row<'dns_providers'>['kind'],
  settings: object,
  secret = '',
): Row<'dns_providers'> {
  return {
    id: 'dnp-1',
    name: 'p',
    kind,
    settings: JSON.stringify(settings),
    check_servers: '[]',
    secret_box: secret === '' ? null : sealSecret(store.secrets, 'dnp-1', secret),
    last_error: '',
    created_at: 0,
    updated_at: 0,
  };
}

/** A provider that changes a name server with a key. */
export function rfc2136(deps: DnsDeps, server: string, key: TestKey, zone = '') {
  const settings = { server, zone, keyName: key.name, algorithm: key.algorithm };
  return openDnsProvider(deps, providerRow(deps.store, 'rfc2136', settings, key.secret), '');
}
