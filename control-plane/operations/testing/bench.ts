import { seededRandom } from '@berth/proto/contract/random.ts';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import pino from 'pino';
import type { AppDeps, LoginsPort } from '../../app/app-deps.ts';
import { createRelyingParty } from '../../auth/oidc/relying-party.ts';
import { Turnstile } from '../../auth/turnstile.ts';
import { openStore } from '../../store/open.ts';
import type { Row } from '../../store/schema.ts';
import type { Store } from '../../store/store.ts';
import { createEngine, type Engine, type EngineOptions } from '../engine.ts';
import { sagas } from '../sagas.ts';
import { ScriptedFleet } from './scripted-fleet.ts';
import { type SeededSite, seedSite } from './seed.ts';

/** A whole core for tests: store, virtual time, a seeded site, scripted agents and engines. */
export interface Bench {
  clock: VirtualClock;
  store: Store;
  site: SeededSite;
  fleet: ScriptedFleet;
  deps: AppDeps;
  /** Another engine on the same store; stopped by `close`. */
  engine(options?: Partial<EngineOptions>): Engine;
  /** Moves time on until the condition holds. @throws after a virtual hour */
  until(what: string, condition: () => Promise<boolean>): Promise<void>;
  /** Whether an operation has ended. */
  finished(operationId: string): Promise<boolean>;
  /** Moves time on until an operation has ended. */
  ended(operationId: string): Promise<Row<'operations'>>;
  close(): Promise<void>;
}

const LOGINS: LoginsPort = {
  url: 'https://berth.example:8443',
  caPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  ldapUris: ['ldaps://berth.example:636'],
  baseDn: 'dc=berth',
};
const STEP_MS = 500;
const PATIENCE_MS = 3_600_000;

/** Opens a bench on a database, by default one in memory. */
export async function openBench(url = 'sqlite::memory:'): Promise<Bench> {
  const clock = new VirtualClock();
  const store = await openStore({ url, masterKey: new Uint8Array(32).fill(7), clock, random: seededRandom(5) });
  const site = await seedSite(store);
  const fleet = new ScriptedFleet(store);
  const engines: Engine[] = [];
  const until = async (what: string, condition: () => Promise<boolean>) => {
    for (const end = clock.now() + PATIENCE_MS; clock.now() < end; await clock.advance(STEP_MS)) {
      await settle();
      if (await condition()) return;
    }
    throw new Error(`waited in vain for ${what}`);
  };
  const operation = (id: string) =>
    store.db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const finished = async (id: string) => (await operation(id)).finished_at !== null;
  return {
    clock,
    store,
    site,
    fleet,
    until,
    finished,
    deps: depsOf(store, clock),
    engine(options = {}) {
      const engine = createEngine({
        store,
        clock,
        random: seededRandom(engines.length + 1),
        log: pino({ level: 'silent' }),
        sagas,
        logins: LOGINS,
        owner: `engine-${engines.length}`,
        ...options,
      });
      engines.push(engine);
      return engine;
    },
    async ended(operationId) {
      await until(`the end of ${operationId}`, () => finished(operationId));
      return operation(operationId);
    },
    async close() {
      await Promise.all(engines.map((engine) => engine.stop()));
      await fleet.stop();
      await store.close();
    },
  };
}

function depsOf(store: Store, clock: VirtualClock): AppDeps {
  return {
    store,
    clock,
    random: seededRandom(11),
    fleet: { retry: () => undefined },
    enrolment: { caSha256: () => 'ab'.repeat(32), url: 'https://berth.example:8443' },
    identityProviders: createRelyingParty({ clock }),
    publicUrl: 'https://berth.example:8443',
    proveDomain: async () => ({ proven: false, by: null, reason: 'There is no name server here.' }),
    dns: { resolvers: ['127.0.0.1:1'], closedNetwork: false },
    appsPort: 443,
    sendMail: async () => ({ kind: 'unreachable', words: 'There is no mail server here.' }),
    firstVmid: 100,
    logins: LOGINS,
    turnstile: new Turnstile(2, 64),
    passkeyParty: { id: 'berth.example', origins: ['https://berth.example:8443'] },
  };
}

/** Lets what was set going run as far as it comes without time. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
