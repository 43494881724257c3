import { X509Certificate } from 'node:crypto';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { withAuthorityRoute } from './authority-route.ts';
import { issueInternally } from './internal-authority.ts';

describeEachDialect('the authority of the installation', (create) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
  });
  afterAll(() => store.close());
  const fetchPem = () =>
    withAuthorityRoute(store, { fetch: () => new Response('a page') }).fetch(
      new Request('https://berth.example/internal-authority.pem'),
    );

  it('is one, though it is first asked by two at once, and is to be had by everybody', async () => {
    expect((await fetchPem()).status).toBe(404);
    const issued = await Promise.all([issueInternally(store, ['a.lan', '*.a.lan']), issueInternally(store, ['b.lan'])]);
    const answer = await fetchPem();
    expect(answer.headers.get('content-type')).toBe('application/x-pem-file');
    const root = new X509Certificate(await answer.text());
    expect(root.ca).toBe(true);
    for (const { chainPem } of issued) {
      const leaf = new X509Certificate(chainPem);
      expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
      expect(leaf.ca).toBe(false);
    }
    const [wild] = issued;
    expect(new X509Certificate(wild?.chainPem ?? '').checkHost('web.a.lan')).toBeTruthy();
  });

  it('keeps its key sealed', async () => {
    const row = await store.db
      .selectFrom('settings')
      .selectAll()
      .where('name', '=', 'certificates.internal-authority')
      .executeTakeFirstOrThrow();
    expect(row.value).not.toContain('PRIVATE KEY');
    expect(Buffer.from(row.secret_box ?? []).toString('latin1')).not.toContain('PRIVATE KEY');
  });
});
