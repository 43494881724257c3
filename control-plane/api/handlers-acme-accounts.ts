import {
  type AcmeAccount,
  AcmeAccountSchema,
  type AcmeAccountsService,
  GetAcmeAccountRequestSchema,
} from '@berth/proto/api/v1/acme_accounts_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { type AccountView, getAccount, listAccounts } from '../app/acme-accounts/read-accounts.ts';
import { createAccount, deleteAccountVerb, updateAccountVerb } from '../app/acme-accounts/write-accounts.ts';
import type { Caller } from '../app/caller.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

/** ACME accounts. */
export function acmeAccountHandlers({ app }: ApiDeps): ServiceImpl<typeof AcmeAccountsService> {
  const answer = async (caller: Caller, account: string) => ({
    account: accountShape(await getAccount(app, caller, create(GetAcmeAccountRequestSchema, { account }))),
  });
  return {
    async createAcmeAccount(request, context) {
      const caller = callerOf(context);
      return answer(caller, await createAccount(app, caller, request));
    },
    getAcmeAccount: async (request, context) => ({
      account: accountShape(await getAccount(app, callerOf(context), request)),
    }),
    async listAcmeAccounts(request, context) {
      const { rows, nextPageToken } = await listAccounts(app, callerOf(context), request);
      return { accounts: rows.map(accountShape), nextPageToken };
    },
    async updateAcmeAccount(request, context) {
      const caller = callerOf(context);
      return answer(caller, await updateAccountVerb(app, caller, request));
    },
    async deleteAcmeAccount(request, context) {
      await deleteAccountVerb(app, callerOf(context), request);
      return {};
    },
  };
}

/** An account: who may only choose it sees its name and directory. */
function accountShape({ account, domains, whole }: AccountView): AcmeAccount {
  const { id, name } = account;
  const seen = create(AcmeAccountSchema, { id, name, directoryUrl: account.directory_url });
  if (!whole) return seen;
  return create(AcmeAccountSchema, {
    ...seen,
    email: account.email,
    termsAgreed: account.terms_agreed === 1,
    eabKeyId: account.eab_key_id,
    caPem: account.ca_pem,
    accountUrl: account.account_url,
    lastError: account.last_error,
    domains,
    createdAt: timestampFromMs(account.created_at),
  });
}
