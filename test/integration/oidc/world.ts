/** A control plane's core, a real provider, and people who go from the one to the other and back. */
import { type ApiBench, openApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import type { Caller } from '@berth/control-plane/app/caller.ts';
import { takeNumber } from '@berth/control-plane/store/counters.ts';
import type { Row } from '@berth/control-plane/store/schema.ts';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import type { IdentityProviderSchema } from '@berth/proto/api/v1/oidc_pb.js';
import {
  type CompleteOidcSignInResponse,
  type IdentityProvider as Configured,
  IdentityProvidersService,
  NewPeople,
  type OidcJourney,
} from '@berth/proto/api/v1/oidc_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import { sql } from 'kysely';
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts';
import { ProviderVisit } from '../../support/provider-visit.ts';

/** The name under which the provider is set up. */
export const NAME = 'corp';
/** Where it sends browsers back to. */
export const REDIRECT_URI = `https://berth.example:8443/sign-in/with/${NAME}/back`;

/** What a journey came to. */
export type Ended = { answer: CompleteOidcSignInResponse } | { reason: string; message: string };

export interface OidcWorld {
  bench: ApiBench;
  provider: IdentityProvider;
  /** The provider as it is set up here. */
  configured: Configured;
  /** Changes how it is set up. */
  configure(change: MessageInitShape<typeof IdentityProviderSchema>, paths: string[]): Promise<void>;
  begin(): Promise<OidcJourney>;
  /** Ends a journey with the query that came back. */
  complete(journey: OidcJourney, query: string, change?: { browserToken?: string; provider?: string }): Promise<Ended>;
  /** Signs in as somebody, the whole way. */
  signIn(login: string, visit?: ProviderVisit): Promise<Ended>;
  /** Links the account of a caller, the whole way. */
  link(caller: Caller, login: string): Promise<Ended>;
  person(username: string): Promise<Row<'users'> | undefined>;
  /** Actions in the audit from a moment on, oldest first. */
  audited(): Promise<{ action: string; change: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

/** Opens a world whose provider makes active accounts. */
export async function openOidcWorld(): Promise<OidcWorld> {
  const bench = await openApiBench();
  const provider = await startIdentityProvider([REDIRECT_URI]);
  const admin = await bench.client(IdentityProvidersService, bench.site.administrator);
  const anyone = await bench.client(IdentityProvidersService);
  const made = await admin.createProvider({
    provider: {
      name: NAME,
      displayName: 'Corp',
      issuer: provider.issuer,
      ...provider.client,
      newPeople: NewPeople.ACTIVE,
      enabled: true,
    },
  });
  const configured = made.provider as Configured;
  const complete: OidcWorld['complete'] = (journey, query, change = {}) => {
    const { browserToken } = journey;
    return endOf(anyone.completeOidcSignIn({ provider: NAME, browserToken, query, ...change }));
  };
  const begin = async () =>
    (await anyone.beginOidcSignIn({ provider: NAME, next: '/containers' })).journey as OidcJourney;
  const travel = async (journey: OidcJourney, login: string, visit = new ProviderVisit()) => {
    const back = await visit.go(journey.authorizationUrl, login);
    return complete(journey, back.search.slice(1));
  };
  return {
    bench,
    provider,
    configured,
    begin,
    complete,
    async configure(change, paths) {
      await admin.updateProvider({ provider: { ...change, id: configured.id }, updateMask: { paths } });
    },
    signIn: async (login, visit) => travel(await begin(), login, visit),
    async link(caller, login) {
      const own = await bench.client(IdentityProvidersService, caller);
      return travel((await own.beginLink({ provider: NAME })).journey as OidcJourney, login);
    },
    person: (username) =>
      bench.store.db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst(),
    async audited() {
      const rows = await bench.store.db
        .selectFrom('audit')
        .select(['action', 'change_json'])
        .orderBy(sql`rowid`)
        .execute();
      return rows.map((row) => ({
        action: row.action,
        change: JSON.parse(row.change_json) as Record<string, unknown>,
      }));
    },
    async close() {
      await provider.stop();
      await bench.close();
    },
  };
}

async function endOf(call: Promise<CompleteOidcSignInResponse>): Promise<Ended> {
  try {
    return { answer: await call };
  } catch (error) {
    const failure = ConnectError.from(error);
    const reason = failure.findDetails(ErrorDetailSchema)[0]?.reason;
    if (reason === undefined || reason === 'internal') throw failure.cause ?? failure;
    return { reason, message: failure.rawMessage };
  }
}

/** The login name and session token somebody got. @throws when he got none */
export function signedIn(end: Ended): { username: string; token: string } {
  if (!('answer' in end) || end.answer.outcome.case !== 'signedIn') throw new Error(JSON.stringify(end));
  const { user, token } = end.answer.outcome.value;
  return { username: user?.username ?? '', token };
}

/** Puts a group in. @returns its identifier */
export function makeGroup({ bench }: OidcWorld, name: string, administrator = 0): Promise<string> {
  const id = `grp-${name}`;
  return bench.store.transaction(async (tx) => {
    const gid_number = await takeNumber(tx, 'gid_number');
    const times = { created_at: tx.now, updated_at: tx.now };
    const row = { id, name, gid_number, description: '', administrator, built_in: 0, ...times };
    await tx.db.insertInto('groups').values(row).execute();
    return id;
  });
}
