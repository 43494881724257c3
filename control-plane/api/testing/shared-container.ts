import { AccessService } from '@berth/proto/api/v1/access_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import type { Caller } from '../../app/caller.ts';
import { newId } from '../../ids.ts';
import { containerRequest } from '../../operations/testing/requests.ts';
import { standingOf } from '../../store/standing.ts';
import { insertUser } from '../../store/users.ts';
import type { ApiBench } from './api-bench.ts';

/** Puts a person in, active unless said otherwise. */
export function addPerson(
  { store }: ApiBench,
  username: string,
  status: 'active' | 'pending' | 'suspended' = 'active',
): Promise<Caller> {
  return store.transaction(async (tx) => {
    const userId = newId('usr', tx.now);
    const email = `${username}@example.org`;
    const person = { id: userId, username, display_name: '', email, password_hash: '', status, created_at: tx.now };
    await insertUser(tx, person);
    const origin = { requestId: 'req-test', address: '', via: 'api' } as const;
    return { userId, username, ...(await standingOf(tx.db, userId)), sessionId: 'ses-test', ...origin };
  });
}

/** A container "lab/NAME" of the bench's owner, and short ways to those who ask about it. */
export async function sharedContainer(bench: ApiBench, name = 'web1') {
  const client = await bench.client(ContainersService, bench.site.owner);
  const { container, operation } = await client.createContainer(containerRequest(name));
  return {
    id: container?.id ?? '',
    operation: operation?.id ?? '',
    access: (caller: Caller) => bench.client(AccessService, caller),
    containers: (caller: Caller) => bench.client(ContainersService, caller),
  };
}
