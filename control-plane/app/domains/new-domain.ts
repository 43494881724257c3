/** Making domains: each begins with a certificate that it has signed itself, which serves until there is a better one. */
import { addSelfSigned } from '../../certificates/add-self-signed.ts';
import { type SelfSigned, selfSigned } from '../../certificates/self-signed.ts';
import { newId } from '../../ids.ts';
import { insertDomain, type NewDomainRow } from '../../store/domains.ts';
import type { Tx } from '../../store/store.ts';

/** A domain to be, with its first certificate. */
export interface NewDomain {
  name: string;
  certificate: SelfSigned;
}

/** Makes the certificates of new domains; before the transaction, because it takes a while. */
export function prepareDomains(names: readonly string[], now: number): Promise<NewDomain[]> {
  return Promise.all(names.map(async (name) => ({ name, certificate: await selfSigned(name, now) })));
}

/** Puts a domain in with its certificate. @returns its identifier @throws UniqueViolation "domains_name" */
export async function addDomain(
  tx: Tx,
  { name, certificate }: NewDomain,
  columns: Omit<NewDomainRow, 'id' | 'name' | 'created_at' | 'updated_at'>,
): Promise<string> {
  const id = newId('dom', tx.now);
  await insertDomain(tx, { ...columns, id, name, created_at: tx.now, updated_at: tx.now });
  await addSelfSigned(tx, id, certificate);
  return id;
}
