import type { DescService } from '@bufbuild/protobuf';
import {
  type Client,
  createClient,
  createRouterTransport,
  type Interceptor,
  type Transport,
} from '@connectrpc/connect';
import pino from 'pino';
import type { Caller } from '../../app/caller.ts';
import { openSession } from '../../auth/sessions.ts';
import { type Bench, openBench } from '../../operations/testing/bench.ts';
import { apiInterceptors } from '../interceptors.ts';
import { registerApi } from '../routes.ts';

const FROM = { userAgent: 'test', address: '192.0.2.1' };

/** A bench with the API in front of it. */
export interface ApiBench extends Bench {
  /** A client that presents a caller's token, or none. */
  client<S extends DescService>(service: S, caller?: Caller): Promise<Client<S>>;
  /** A transport that presents a token, or none. */
  transport(token: string): Transport;
}

/** Opens a bench with the API. */
export async function openApiBench(url?: string): Promise<ApiBench> {
  const bench = await openBench(url);
  const deps = {
    app: bench.deps,
    log: pino({ level: 'silent' }),
    fleetStartedAt: () => bench.clock.now(),
    ready: async () => true,
  };
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (caller: Caller) => {
    const known =
      tokens.get(caller.userId) ??
      bench.store.transaction(async (tx) => (await openSession(tx, caller.userId, FROM)).token);
    tokens.set(caller.userId, known);
    return known;
  };
  const transport = (token: string) => {
    const present: Interceptor = (next) => (request) => {
      if (token) request.header.set('authorization', `Bearer ${token}`);
      return next(request);
    };
    return createRouterTransport((router) => registerApi(router, deps), {
      router: { interceptors: apiInterceptors(deps, 'api') },
      transport: { interceptors: [present] },
    });
  };
  return {
    ...bench,
    transport,
    client: async (service, caller) => createClient(service, transport(caller ? await tokenOf(caller) : '')),
  };
}
