/**
 * Puts the parts of the control plane together, each once: configuration in, a running replica out. Nothing here
 * decides anything; it is the one place that knows all the parts.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { EnrolmentService } from '@berth/proto/agent/v1/enrolment_pb.js';
import { delay, systemClock } from '@berth/proto/contract/clock.ts';
import { createWeb } from '@berth/web/app.ts';
import type { Visitor } from '@berth/web/session.ts';
import { type ConnectRouter, createRouterTransport, type Interceptor, type Transport } from '@connectrpc/connect';
import { startAcme } from './acme/start-acme.ts';
import { PAGE_ADDRESS_HEADER } from './api/authenticate.ts';
import { apiInterceptors } from './api/interceptors.ts';
import { type ApiDeps, registerApi } from './api/routes.ts';
import { withAppSignInRoutes } from './app-sign-in/routes.ts';
import { CONTROL_PLANE_NAME, signInWays } from './app-sign-in/sign-in-ways.ts';
import { createRelyingParty } from './auth/oidc/relying-party.ts';
import { passkeyPartyOf } from './auth/passkey-party.ts';
import { ensureSetupCode } from './auth/setup-code.ts';
import { Turnstile } from './auth/turnstile.ts';
import { finishRestore } from './backup/finish-restore.ts';
import { withAuthorityRoute } from './certificates/authority-route.ts';
import { clientAddressBehind } from './client-address.ts';
import type { Config } from './config.ts';
import { createSiteViews } from './desired/site-views.ts';
import { proveDomain } from './dns/prove-domain.ts';
import { keepPublicRecords } from './dns/public-records/keep-records.ts';
import { type Authority, openAuthority } from './fleet/ca.ts';
import { enrolmentService } from './fleet/enrolment-service.ts';
import { Fleet } from './fleet/fleet.ts';
import { listenForAgents } from './fleet/server.ts';
import { keepServerCertificate, type ServerCertificate } from './fleet/server-certificate.ts';
import { withGuestRoutes } from './guest-logins/routes.ts';
import { startLdap } from './ldap/start-ldap.ts';
import { type Listener, listenPlain, listenSecure, requestHandler } from './listener.ts';
import type { Logger } from './log.ts';
import { startOutbox } from './mail/outbox.ts';
import { sendBySmtp } from './mail/smtp.ts';
import { loadMasterKey } from './master-key.ts';
import type { Instruments } from './metrics/instruments.ts';
import { Metrics } from './metrics/metrics.ts';
import { withOperationalRoutes } from './operational-routes.ts';
import { createEngine, type Engine } from './operations/engine.ts';
import { sagas } from './operations/sagas.ts';
import { ReadinessProbe } from './readiness.ts';
import { startReconcilers } from './reconcilers/driver.ts';
import { loadReplicaId } from './replica-id.ts';
import { openStore } from './store/open.ts';
import type { Store } from './store/store.ts';
import { withVisits } from './visits.ts';

/** A running replica. */
export interface Replica {
  /** The port the secure listener got. */
  readonly port: number;
  /** Whether it can do its work now. */
  ready(): Promise<boolean>;
  /** Stops in order: not ready, then no new calls, agents asked to leave, operations given back, store closed. */
  stop(): Promise<void>;
}

const clock = systemClock;
const random = Math.random;
/** Passwords that wait to be hashed; a core takes 24 ms for one, so the last waits about a second. */
const MOST_WAITING = 64;

/** Starts a replica; it serves when this resolves. @throws with what could not be started */
export async function startReplica(config: Config, log: Logger): Promise<Replica> {
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  const metrics = new Metrics();
  const observe = metrics.instruments;
  const store = await openStore({
    url: config.databaseUrl,
    masterKey: loadMasterKey(config.masterKeyFile),
    clock,
    onError: (error) => log.error({ err: error }, 'the store reports an error'),
    onQuery: observe.onQuery,
  });
  store.feed.subscribe(observe.onTopic);
  if (await finishRestore(store)) log.warn('This installation was restored from a backup.');
  const authority = await openAuthority(store);
  const certificate = await keepServerCertificate({
    authority,
    clock,
    random,
    names: [...config.serverNames, CONTROL_PLANE_NAME],
    onError: (error) => log.error({ err: error }, 'the server certificate could not be renewed'),
  });
  const replicaId = loadReplicaId(config.stateDir, clock.now());
  const fleet = await startFleet({ config, store, log, authority, replicaId, observe });
  const readiness = new ReadinessProbe();
  const ready = () => readiness.ready();
  metrics.look({ store, fleet, readiness });
  const agents = await listenForAgents({
    store,
    authority,
    certificate,
    fleet,
    log,
    ready,
    listen: config.agentListen,
  });
  const stopping = new AbortController();
  const listeners = await listen({ config, store, authority, certificate, fleet, log, stopping, readiness, metrics });
  const logins = loginsOf(config, authority);
  const owner = `${replicaId}.${process.pid}`;
  const engine = createEngine({ store, clock, random, log, logins, sagas, owner, onEnded: observe.onOperation });
  await engine.start();
  const { publicUrl } = config;
  const { onOrder, onMail } = observe;
  const acme = await startAcme({ store, clock, random, log, owner, dns: dnsOf(config), publicUrl, onOrder });
  const reconcilers = startReconcilers({ store, clock, random, log, dns: dnsOf(config) });
  const records = keepPublicRecords({ store, clock, random, log, owner, dns: dnsOf(config) });
  const outbox = startOutbox({ store, clock, random, log, send: sendBySmtp, onMail });
  const ldap = await startLdap({ config, store, certificate, log, observe });
  metrics.look({ store, fleet, readiness, engine, ldap });
  await announce(config, store, authority, log);
  requireAll(readiness, { store, engine });
  readiness.serving();
  return {
    port: listeners[0]?.port ?? 0,
    ready,
    async stop() {
      readiness.stopping();
      await delay(clock, config.drainSeconds * 1000);
      stopping.abort();
      await ldap?.stop();
      await Promise.all(listeners.map((listener) => listener.close()));
      await Promise.all([reconcilers.stop(), outbox.stop(), acme.stop(), records.stop()]);
      await engine.stop();
      await agents.close();
      certificate.stop();
      await store.close();
    },
  };
}

/** What must be so for work to be given to this replica, besides that it was started. */
function requireAll(readiness: ReadinessProbe, { store, engine }: { store: Store; engine: Engine }): void {
  readiness.require('store', async () => {
    await store.db.selectFrom('settings').select('name').limit(1).execute();
  });
  readiness.require('change feed', () => store.feed.check());
  readiness.require('operations', () => {
    if (!engine.running) throw new Error('the engine of operations does not run');
  });
}

interface FleetParts extends Pick<Serving, 'config' | 'store' | 'log' | 'authority'> {
  replicaId: string;
  observe: Instruments;
}

async function startFleet({ config, store, log, authority, replicaId, observe }: FleetParts): Promise<Fleet> {
  const views = createSiteViews(store, signInWays(config, authority));
  const heartbeatMs = config.heartbeatSeconds * 1000;
  const fleet = new Fleet({
    store,
    clock,
    random,
    log,
    replicaId,
    observe,
    openView: (siteId) => views.of(siteId),
    times: { heartbeatMs, silenceMs: 3.5 * heartbeatMs },
  });
  await fleet.start();
  return fleet;
}

interface Serving {
  config: Config;
  store: Store;
  authority: Authority;
  certificate: ServerCertificate;
  fleet: Fleet;
  log: Logger;
  stopping: AbortController;
  readiness: ReadinessProbe;
  metrics: Metrics;
}

async function listen(serving: Serving): Promise<Listener[]> {
  const { config, store, authority, certificate, fleet, log, stopping, readiness, metrics } = serving;
  const { onCall, onVisit } = metrics.instruments;
  const dns = dnsOf(config);
  const deps: ApiDeps = {
    app: {
      store,
      clock,
      random,
      fleet: { retry: (agentId) => fleet.retry(agentId) },
      enrolment: { caSha256: () => authority.fingerprint(), url: config.publicUrl },
      identityProviders: createRelyingParty({ clock }),
      publicUrl: config.publicUrl,
      dns,
      proveDomain: (proof, signal) => proveDomain({ store, clock, random, dns }, proof, signal),
      appsPort: config.appsPort,
      sendMail: sendBySmtp,
      logins: loginsOf(config, authority),
      turnstile: new Turnstile(availableParallelism(), MOST_WAITING),
      passkeyParty: passkeyPartyOf(config),
      firstVmid: config.firstVmid,
    },
    log,
    onCall,
    ready: () => readiness.ready(),
    fleetStartedAt: () => fleet.startedAt,
  };
  const endpoint = { sessionAddress: config.agentAddress, serverName: config.serverNames[0] ?? 'localhost' };
  const interceptors = apiInterceptors(deps, 'api');
  const pageInterceptors = apiInterceptors(deps, 'page');
  const api = (router: ConnectRouter) => registerApi(router, deps);
  const routes = (router: ConnectRouter) => {
    api(router);
    router.service(EnrolmentService, enrolmentService({ store, authority, ...endpoint }));
  };
  const clientAddress = clientAddressBehind(config.trustedProxies);
  const handler = (secure: boolean) => {
    const transportFor = (visitor: Visitor) => inProcess(api, pageInterceptors, visitor);
    const web = createWeb({ transportFor, secure, clientAddress });
    const guests = withGuestRoutes(deps.app, clientAddress, withAuthorityRoute(store, web));
    const asked = withOperationalRoutes({ app: deps.app, log, clientAddress, readiness, metrics }, guests);
    const pages = withVisits({ log, onVisit }, withAppSignInRoutes(deps.app, log, asked));
    return requestHandler({ routes, interceptors, pages, clientAddress, clock, shutdownSignal: stopping.signal });
  };
  const asPem = () => ({ cert: certificate.current().chainPem, key: certificate.current().keyPem });
  const secure = await listenSecure(handler(true), config.listen, asPem());
  certificate.onChange(() => secure.setCertificate(asPem()));
  const plain = config.plainListen ? [await listenPlain(handler(false), config.plainListen)] : [];
  return [secure, ...plain];
}

function dnsOf({ dnsResolvers: resolvers, closedNetwork }: Config) {
  return { resolvers, closedNetwork };
}

function loginsOf({ publicUrl: url, ldapUris, ldapBase: baseDn }: Config, { bundlePem: caPem }: Authority) {
  return ldapUris.length > 0 ? { url, caPem, ldapUris, baseDn } : undefined;
}

/** The API without a network between: what the pages call, in the name of whoever looks. */
function inProcess(routes: (router: ConnectRouter) => void, interceptors: Interceptor[], visitor: Visitor): Transport {
  const { token, address, userAgent } = visitor;
  const present: Interceptor = (next) => (request) => {
    if (token) request.header.set('authorization', `Bearer ${token}`);
    request.header.set(PAGE_ADDRESS_HEADER, address);
    request.header.set('user-agent', userAgent);
    return next(request);
  };
  return createRouterTransport(routes, { router: { interceptors }, transport: { interceptors: [present] } });
}

// The authority's certificate is public; the code is for whoever can read this machine's files.
async function announce(config: Config, store: Store, authority: Authority, log: Logger): Promise<void> {
  writeFileSync(join(config.stateDir, 'ca.pem'), authority.bundlePem);
  const codeFile = join(config.stateDir, 'setup-code');
  const code = await ensureSetupCode(store);
  if (!code) {
    rmSync(codeFile, { force: true });
    return;
  }
  writeFileSync(codeFile, `${code}\n`, { mode: 0o600 });
  log.info(`There is no administrator yet. Open ${config.publicUrl}/setup with the set-up code ${code}`);
}
