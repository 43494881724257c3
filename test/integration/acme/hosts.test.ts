import { X509Certificate } from 'node:crypto';
import { internalAuthorityPem } from '@berth/control-plane/certificates/internal-authority.ts';
import { insertAgent } from '@berth/control-plane/store/agents.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AcmeWorld } from './world.ts';

describe('hosts that are to answer the authority', () => {
  let world: AcmeWorld;
  let account: string;
  beforeAll(async () => {
    world = await AcmeWorld.open();
    account = await world.account();
    await world.keep({ patience: { hostsMs: 3_000 } });
  });
  afterAll(() => world.close());
  const ask = async (label: string) => {
    const domain = await world.domain(`${label}.example`, { acme_account_id: account });
    await world.names(domain, [`www.${label}.example`]);
  };
  const ordersOf = (name: string) => world.proxy.orders.filter(({ names }) => names.includes(name));
  const askedFor = (name: string) => world.asked.filter((question) => question.startsWith(`${name} `));

  it('are waited for before the authority is told, and the same order goes on once they answer', async () => {
    world.fleet.silent.add('nginx1');
    await ask('silent');
    const waiting = await world.until('www.silent.example', ({ progress }) => progress.includes('nginx1'));
    expect(waiting.state).toBe('ordering');
    const failed = await world.until('www.silent.example', ({ failures }) => failures >= 1);
    expect(failed.last_error).toBe('The challenge is not served: agent nginx1 does not run it yet.');
    expect(failed.order_url).not.toBe('');
    expect(askedFor('www.silent.example')).toEqual([]);
    world.fleet.silent.delete('nginx1');
    await world.store.transaction(async (tx) => tx.nudge({ kind: 'site', id: world.site.siteId }));
    await world.until('www.silent.example', ({ state }) => state === 'valid');
    expect(ordersOf('www.silent.example')).toHaveLength(1);
  });

  it('do not hold up the others for ever: one that is away has its time, then it goes on without', async () => {
    await world.store.transaction(async (tx) => {
      const about = {
        siteId: world.site.siteId,
        name: 'nginx2',
        roles: ['nginx' as const],
        machineId: 'cd'.repeat(16),
      };
      await insertAgent(tx, about, { serial: '02', expiresAt: tx.now + 86_400_000 });
    });
    world.fleet.silent.add('nginx2');
    const began = Date.now();
    await ask('away');
    await world.until('www.away.example', ({ progress }) => progress.includes('nginx2 is not connected'));
    await world.until('www.away.example', ({ state }) => state === 'valid');
    expect(Date.now() - began).toBeGreaterThanOrEqual(3_000);
    expect((await world.managed('www.away.example'))?.failures).toBe(0);
  });

  it('a domain of a closed network gets its certificate of the installation itself, and changes over to another', async () => {
    const id = await world.domain('closed.example', { certificate_source: 'internal', certificate_scope: 'wildcard' });
    const row = await world.until('closed.example', ({ state }) => state === 'valid');
    expect(row).toMatchObject({ source: 'internal', ari_id: expect.any(String), ari_next_look_at: 0 });
    expect(row.next_try_at - Date.now()).toBeGreaterThan(50 * 86_400_000);
    const served = await world.served('closed.example');
    const root = new X509Certificate((await internalAuthorityPem(world.store)) ?? '');
    expect(new X509Certificate(served?.chain_pem ?? '').verify(root.publicKey)).toBe(true);
    const change = { certificate_source: 'self_signed' } as const;
    await world.store.db.updateTable('domains').set(change).where('id', '=', id).execute();
    await world.store.transaction(async (tx) => tx.nudge({ kind: 'domain', id }));
    await world.gone('closed.example');
    const left = await world.store.db.selectFrom('certificates').selectAll().where('domain_id', '=', id).execute();
    expect(left).toMatchObject([{ self_signed: 1 }]);
  });
});
