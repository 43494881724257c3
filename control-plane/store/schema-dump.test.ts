import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { expect, it } from 'vitest';
import { openStore } from './open.ts';
import { dumpSchema } from './schema-dump.ts';

const GOLDEN = join(import.meta.dirname, '../../test/golden');

describeEachDialect('schema', (create, dialect) => {
  it('is the golden one after all migrations', async () => {
    const { url } = await create();
    const store = await openStore({ url, masterKey: randomBytes(32) });
    await expect(await dumpSchema(store.db, dialect)).toMatchFileSnapshot(join(GOLDEN, `schema.${dialect}.sql`));
    await store.close();
  });
});
