/**
 * The accounts at authorities, opened once each and registered with their first use. Whoever changes what an account
 * tells its authority (its address, its binding) empties `account_url` and raises `updated_at`: then it is opened anew
 * and registered again, which finds the account by its key and brings it up to date.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';
import { AppError, notFound } from '../errors.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { openAccountKey, openEabKey } from './account-secrets.ts';
import { Authority } from './authority.ts';
import { AcmeProblem } from './problem.ts';
import { AcmeTransport } from './transport.ts';

interface Opened {
  updatedAt: number;
  authority: Authority;
  registered: Promise<unknown>;
}

export interface AccountsDeps {
  store: Store;
  clock: Clock;
  /** Ends every request. */
  signal: AbortSignal;
}

/** Opens authorities by account. */
export class Accounts {
  readonly #deps: AccountsDeps;
  readonly #opened = new Map<string, Opened>();

  constructor(deps: AccountsDeps) {
    this.#deps = deps;
  }

  /**
   * The authority of an account, which is registered.
   * @throws AppError "acme_account_not_found"; AcmeProblem, AcmeUnreachable when it cannot be registered
   */
  async of(accountId: string): Promise<Authority> {
    const row = await accountById(this.#deps.store, accountId);
    const known = this.#opened.get(accountId);
    if (known?.updatedAt !== row.updated_at) this.#forget(accountId);
    const opened = this.#opened.get(accountId) ?? this.#open(row);
    this.#opened.set(accountId, opened);
    try {
      await opened.registered;
    } catch (error) {
      if (this.#opened.get(accountId) === opened) this.#opened.delete(accountId);
      throw error;
    }
    return opened.authority;
  }

  /** Lets an account be registered anew: its authority does not know it any more. */
  async disown(accountId: string): Promise<void> {
    this.#opened.delete(accountId);
    await this.#note(accountId, { account_url: '' });
  }

  close(): void {
    for (const id of [...this.#opened.keys()]) this.#forget(id);
  }

  #forget(accountId: string): void {
    this.#opened.get(accountId)?.authority.close();
    this.#opened.delete(accountId);
  }

  #open(row: Row<'acme_accounts'>): Opened {
    const authority = openAuthority(this.#deps, row);
    const registered = row.account_url === '' ? this.#register(row, authority) : Promise.resolve();
    return { updatedAt: row.updated_at, authority, registered };
  }

  async #register({ id, email, terms_agreed }: Row<'acme_accounts'>, authority: Authority): Promise<void> {
    try {
      const url = await authority.register(email, terms_agreed === 1);
      await this.#note(id, { account_url: url, last_error: '' });
    } catch (error) {
      if (error instanceof AcmeProblem) await this.#note(id, { last_error: error.message });
      throw error;
    }
  }

  // `updated_at` stays: it tells what people changed.
  async #note(id: string, change: Partial<Pick<Row<'acme_accounts'>, 'account_url' | 'last_error'>>): Promise<void> {
    await this.#deps.store.transaction(async (tx) => {
      await tx.db.updateTable('acme_accounts').set(change).where('id', '=', id).execute();
    });
  }
}

/** One account. @throws AppError "acme_account_not_found" */
export async function accountById({ db }: Pick<Store, 'db'>, id: string): Promise<Row<'acme_accounts'>> {
  const row = await db.selectFrom('acme_accounts').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound('ACME account', id);
  return row;
}

/** Opens the authority of an account, registered or not. @param keyPem to sign with; the account's own when left out */
export function openAuthority(
  { store, clock, signal }: AccountsDeps,
  row: Row<'acme_accounts'>,
  keyPem?: string,
): Authority {
  const binding = row.eab_hmac_box && row.eab_key_id !== '';
  return new Authority({
    directoryUrl: row.directory_url,
    accountKey: keyPem ?? openAccountKey(store.secrets, row),
    accountUrl: row.account_url,
    ...(binding && {
      externalAccountBinding: {
        kid: row.eab_key_id,
        hmacKey: openEabKey(store.secrets, row.id, row.eab_hmac_box as Uint8Array),
      },
    }),
    transport: new AcmeTransport({ clock, caPem: row.ca_pem, signal }),
  });
}

/** The account of a domain. @throws AppError "acme_account_missing" */
export function accountOf(domain: Row<'domains'>): string {
  if (domain.acme_account_id !== null) return domain.acme_account_id;
  const message = `No ACME account is chosen for ${domain.name}.`;
  throw new AppError('failed_precondition', { reason: 'acme_account_missing', message });
}
