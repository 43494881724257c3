import type { ListDnsRecordsRequest } from '@berth/proto/api/v1/dns_providers_pb.js';
import { notFound } from '../../errors.ts';
import { recordsOfDomain } from '../../store/dns-records.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, authoriseSite, type Caller } from '../caller.ts';
import { type Page, readPage } from '../page.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

/** Lists the public records of a domain by name. @throws AppError "domain_not_found" */
export async function listDnsRecords(
  { store }: AppDeps,
  caller: Caller,
  request: ListDnsRecordsRequest,
): Promise<Page<Row<'dns_records'>>> {
  const rpc = 'DnsProvidersService.ListDnsRecords';
  authorise(caller, rpc);
  const domain = await findDomain(store.db, request.domain);
  authoriseSite(caller, rpc, domain.site_id);
  return readPage(
    `dns-records ${domain.id}`,
    request,
    (row: Row<'dns_records'>) => `${row.name} ${row.type}`,
    (key, limit) => recordsOfDomain(store.db, domain.name, key === undefined ? undefined : splitKey(key), limit),
  );
}

async function findDomain(db: Db, reference: string): Promise<Row<'domains'>> {
  const found = new Violations();
  found.check('domain', referenceFault(reference));
  found.refuse();
  const row = await db
    .selectFrom('domains')
    .selectAll()
    .where((is) => is.or([is('id', '=', reference), is('name', '=', reference)]))
    .executeTakeFirst();
  if (!row) throw notFound('domain', reference, 'domain');
  return row;
}

function splitKey(key: string): Pick<Row<'dns_records'>, 'name' | 'type'> {
  const [name = '', type = ''] = key.split(' ');
  return { name, type: type === 'AAAA' || type === 'CNAME' ? type : 'A' };
}
