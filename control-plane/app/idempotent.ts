import { createHash } from 'node:crypto';
import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { AppError } from '../errors.ts';
import { claimKey, rememberedCall, rememberOutcome } from '../store/idempotency.ts';
import type { Store, Tx } from '../store/store.ts';
import { PRIMARY, UniqueViolation } from '../store/violations.ts';
import type { Caller } from './caller.ts';
import { lineFault } from './validate/text.ts';
import type { Violations } from './validate/violations.ts';

const MAX_KEY = 128;

/** A create as its caller sent it. */
export interface CreateCall<S extends DescMessage> {
  caller: Caller;
  schema: S;
  request: MessageShape<S> & { idempotencyKey: string };
}

/** Identifiers of what a create made. */
export type Outcome = Record<string, string>;

/** What a create came to: made now, or by an earlier call with the same key. */
export interface CreateOutcome<O extends Outcome> {
  outcome: O;
  repeated: boolean;
}

/** What is wrong with a key, noted under "idempotency_key". */
export function checkIdempotencyKey(key: string, found: Violations): void {
  found.check('idempotency_key', lineFault(key, MAX_KEY));
}

/**
 * Runs a create in one transaction. With a key, a repeated call returns what the first one made, and of concurrent
 * duplicates one makes it: the key's row is unique, so the other runs again and finds it.
 * @throws AppError "idempotency_key_reused" when the key came with another request before
 */
export async function createOnce<S extends DescMessage, O extends Outcome>(
  store: Store,
  call: CreateCall<S>,
  work: (tx: Tx) => Promise<O>,
): Promise<CreateOutcome<O>> {
  const key = call.request.idempotencyKey;
  if (key === '') return { outcome: await store.transaction(work), repeated: false };
  const scope = { userId: call.caller.userId, method: call.schema.name, key };
  const requestHash = hashOf(call);
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.transaction(async (tx) => {
        const known = await rememberedCall(tx.db, scope, tx.now);
        if (known) return { outcome: sameRequest(known, requestHash) as O, repeated: true };
        await claimKey(tx, scope, requestHash);
        const outcome = await work(tx);
        await rememberOutcome(tx, scope, outcome);
        return { outcome, repeated: false };
      });
    } catch (error) {
      const duplicate = error instanceof UniqueViolation && error.constraint === PRIMARY;
      if (!duplicate || attempt > 1) throw error;
    }
  }
}

function sameRequest(known: { requestHash: string; outcome: Outcome }, requestHash: string): Outcome {
  if (known.requestHash === requestHash) return known.outcome;
  const message = 'This idempotency key came with another request before; use a new one.';
  throw new AppError('already_exists', {
    reason: 'idempotency_key_reused',
    message,
    violations: [{ field: 'idempotency_key', description: message }],
  });
}

function hashOf<S extends DescMessage>({ schema, request }: CreateCall<S>): string {
  return createHash('sha256')
    .update(toBinary(schema, { ...request, idempotencyKey: '' }))
    .digest('hex');
}
