import type { GetAcmeAccountRequest, ListAcmeAccountsRequest } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { notFound } from '../../errors.ts';
import { acmeAccountByReference, domainsWithAccounts } from '../../store/acme-accounts.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { administeredSites, authorise, type Caller } from '../caller.ts';
import { type Page, readPage } from '../page.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

/** An account as somebody may see it. */
export interface AccountView {
  account: Row<'acme_accounts'>;
  /** Names of the domains that use it. */
  domains: string[];
  /** Whether the caller may see more of it than its name and directory. */
  whole: boolean;
}

/** Reads an account. Whoever brings a domain chooses one, so everybody sees which there are. */
export async function getAccount(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: GetAcmeAccountRequest,
): Promise<AccountView> {
  authorise(caller, 'AcmeAccountsService.GetAcmeAccount');
  const account = await findAccount(db, request.account, 'account');
  const [view] = await accountViews(db, caller, [account]);
  return view ?? { account, domains: [], whole: false };
}

/** Lists accounts by name. */
export async function listAccounts(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: ListAcmeAccountsRequest,
): Promise<Page<AccountView>> {
  authorise(caller, 'AcmeAccountsService.ListAcmeAccounts');
  const page = await readPage(
    'acme-accounts',
    request,
    (row: Row<'acme_accounts'>) => row.name,
    (key, limit) => {
      const query = db.selectFrom('acme_accounts').selectAll().orderBy('name').limit(limit);
      return (key === undefined ? query : query.where('name', '>', key)).execute();
    },
  );
  return { ...page, rows: await accountViews(db, caller, page.rows) };
}

/** An account by identifier or name. @throws AppError "acme_account_not_found" */
export async function findAccount(db: Db, reference: string, field: string): Promise<Row<'acme_accounts'>> {
  const found = new Violations();
  found.check(field, referenceFault(reference));
  found.refuse();
  const row = await acmeAccountByReference(db, reference);
  if (!row) throw notFound('ACME account', reference, field);
  return row;
}

async function accountViews(db: Db, caller: Caller, accounts: readonly Row<'acme_accounts'>[]): Promise<AccountView[]> {
  if (accounts.length === 0) return [];
  const whole = administeredSites(caller) === undefined;
  const ids = accounts.map(({ id }) => id);
  const domains = whole ? await domainsWithAccounts(db, ids) : [];
  return accounts.map((account) => {
    const own = domains.filter(({ acme_account_id }) => acme_account_id === account.id);
    return { account, domains: own.map(({ name }) => name), whole };
  });
}
