import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../ids.ts';
import { openLetter } from '../mail/letter.ts';
import { lockMailSettings, writeMailSettings } from '../mail/mail-settings.ts';
import { type Bench, openBench } from '../operations/testing/bench.ts';
import { insertCertificate } from '../store/certificates.ts';
import { tellWebhook } from './tell-webhook.ts';
import { warnOfEnds } from './warn-of-ends.ts';
import { lockWarningSettings, writeWarningSettings } from './warning-settings.ts';

const DAY = 24 * 3_600_000;
const SECRET = 'gulls over the breakwater';

describe('warnings of certificates that end', () => {
  let bench: Bench;
  let certificateId: string;
  beforeEach(async () => {
    bench = await openBench();
    const { store, site } = bench;
    await store.transaction(async (tx) => {
      await writeMailSettings(tx, { ...(await lockMailSettings(tx)), host: 'a', senderAddress: 'b@c.example' });
      const domain = tx.db.selectFrom('domains').select('id').where('name', '=', 'apps.lab');
      const { id } = await domain.executeTakeFirstOrThrow();
      const change = { certificate_source: 'uploaded', owner_id: site.owner.userId } as const;
      await tx.db.updateTable('domains').set(change).where('id', '=', id).execute();
      const people = [site.owner, site.administrator];
      for (const { userId, username } of people) {
        await tx.db
          .updateTable('users')
          .set({ email: `${username}@example.org` })
          .where('id', '=', userId)
          .execute();
      }
      certificateId = newId('crt', tx.now);
      await insertCertificate(tx, tx.secrets, {
        id: certificateId,
        domain_id: id,
        dns_names: '["apps.lab"]',
        chain_pem: 'x',
        key_pem: 'x',
        self_signed: 0,
        not_before: tx.now,
        not_after: tx.now + 30 * DAY,
        created_at: tx.now,
      });
    });
  });
  afterEach(() => bench.close());

  const look = () => warnOfEnds({ store: bench.store, publicUrl: 'https://berth.example' });
  const mails = () => bench.store.db.selectFrom('outgoing_mails').selectAll().orderBy('recipient').execute();
  const setHook = (webhookUrl: string) =>
    bench.store.transaction(async (tx) => {
      await lockWarningSettings(tx);
      await writeWarningSettings(tx, { days: [14, 3], webhookUrl }, SECRET);
    });

  it('are mailed to the owner and whoever looks after the site, once a step', async () => {
    await look();
    expect(await mails()).toEqual([]);
    await bench.clock.advance(17 * DAY);
    for (let i = 0; i < 3; i++) await look();
    const first = await mails();
    expect(first.map(({ recipient }) => recipient)).toEqual(['ada@example.org', 'olga@example.org']);
    expect(first[0]?.subject).toBe('The certificate of apps.lab ends');
    const { text } = openLetter(bench.store.secrets, first[0]?.id ?? '', first[0]?.body_box ?? new Uint8Array());
    expect(text).toContain('somebody has to upload the next one');
    await bench.clock.advance(7 * DAY);
    await look();
    expect(await mails()).toHaveLength(4);
  });

  it('late, tell only the step that is due', async () => {
    await bench.clock.advance(28 * DAY);
    for (let i = 0; i < 2; i++) await look();
    const rows = await bench.store.db.selectFrom('certificate_warnings').select('days').execute();
    expect(rows).toEqual([{ days: 3 }]);
    expect(await mails()).toHaveLength(2);
  });

  it('are not given of what is renewed by itself, and quote the authority when it fails', async () => {
    const { store } = bench;
    const { id, site_id } = await store.db.selectFrom('domains').select(['id', 'site_id']).executeTakeFirstOrThrow();
    await store.db.updateTable('domains').set({ certificate_source: 'acme' }).execute();
    const now = bench.clock.now();
    await store.db
      .insertInto('managed_certificates')
      .values({
        ...{
          id: newId('mct', now),
          site_id,
          domain_id: id,
          name: 'apps.lab',
          dns_names: '[]',
          source: '',
          state: 'valid',
        },
        ...{ next_try_at: now, next_try_reason: '', failures: 0, last_error: '', progress: '', explanation_url: '' },
        ...{
          order_url: '',
          ari_id: '',
          ari_next_look_at: 0,
          certificate_id: certificateId,
          created_at: now,
          updated_at: now,
        },
      })
      .execute();
    await bench.clock.advance(20 * DAY);
    await look();
    expect(await mails()).toEqual([]);
    await store.db.updateTable('managed_certificates').set({ failures: 4, last_error: 'CAA forbids it' }).execute();
    await look();
    const [mail] = await mails();
    const { text } = openLetter(store.secrets, mail?.id ?? '', mail?.body_box ?? new Uint8Array());
    expect(text).toContain('CAA forbids it');
  });

  it('are told to a webhook that is signed, again until it takes them', async () => {
    const heard: { body: string; signature: unknown }[] = [];
    const statuses = [500, 200];
    const server: Server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        heard.push({ body, signature: request.headers['x-berth-signature'] });
        response.writeHead(statuses.shift() ?? 200).end('busy');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await setHook(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await bench.clock.advance(28 * DAY);
    await look();
    const tell = () => tellWebhook({ store: bench.store, random: () => 0.5 });
    await tell();
    const state = () => bench.store.db.selectFrom('certificate_warnings').selectAll().executeTakeFirstOrThrow();
    expect(await state()).toMatchObject({
      hook_state: 'queued',
      hook_error: expect.stringContaining('status 500. busy'),
    });
    await tell();
    expect(heard).toHaveLength(1);
    await bench.clock.advance(60_000);
    await tell();
    expect(await state()).toMatchObject({ hook_state: 'sent', hook_error: '' });
    const last = heard.at(-1);
    expect(last?.signature).toBe(
      `sha256=${createHmac('sha256', SECRET)
        .update(last?.body ?? '')
        .digest('hex')}`,
    );
    expect(JSON.parse(last?.body ?? '')).toMatchObject({
      event: 'certificate.ends',
      name: 'apps.lab',
      site: 'lab',
      expired: false,
    });
    await new Promise((resolve) => server.close(resolve));
  });
});
