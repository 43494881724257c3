/**
 * Port 8444: the agents' sessions over mutual TLS. grpc-js carries them because it is cheap at thousands of agents and
 * notices by itself when a peer has frozen. Nothing is decided here: calls become links, errors become statuses.
 */
import type { RenewRequest, RenewResponse, SessionRequest, SessionResponse } from '@berth/proto/agent/v1/session_pb.js';
import { RenewResponseSchema, SessionService } from '@berth/proto/agent/v1/session_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import * as grpc from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { AgentPortCredentials } from './credentials.ts';
import { type EnrolmentDeps, renew } from './enrolment.ts';
import type { Fleet } from './fleet.ts';
import { peerOf } from './peer.ts';
import { sessionReflection } from './reflection.ts';
import type { ServerCertificate } from './server-certificate.ts';
import { sessionServiceDefinition } from './service-definition.ts';
import type { EndCode, SessionLink } from './session-link.ts';

const RECEIVE_MAX_BYTES = 8 << 20;
const LAST_WORDS_MS = 300;
/** Between two looks whether this replica is ready, milliseconds. */
const LOOK_MS = 1_000;
/** Messages of one agent that may wait to be dealt with; above that it is not read from. */
const UNREAD_MAX = 128;

/** What the listener works with. */
export interface FleetServerOptions extends EnrolmentDeps {
  fleet: Fleet;
  certificate: ServerCertificate;
  log: Logger;
  /** Whether this replica can do its work; the health service on this port says so. */
  ready?: (() => Promise<boolean>) | undefined;
  /** Address to bind; port 0 takes a free one. */
  listen: { host: string; port: number };
  /** How a frozen peer is noticed, milliseconds; 10 s and 5 s by default. */
  keepalive?: { timeMs: number; timeoutMs: number };
}

/** The listening server. */
export interface FleetServer {
  readonly port: number;
  /** Asks the agents to leave, gives them `graceMs`, then ends what is left. */
  close(graceMs?: number): Promise<void>;
}

/** Listens for agents. @throws Error when the address cannot be bound */
export async function listenForAgents(options: FleetServerOptions): Promise<FleetServer> {
  const { authority, certificate, listen, fleet } = options;
  const server = new grpc.Server(serverOptions(options));
  server.addService(sessionServiceDefinition, {
    session: (call: SessionCall) => session(options, call),
    renew: (call: RenewCall, done: grpc.sendUnaryData<RenewResponse>) => void renewal(options, call, done),
  });
  const health = new HealthImplementation({ '': 'SERVING', [SessionService.typeName]: 'SERVING' });
  health.addToServer(server);
  const unwatch = watchReadiness(options, health);
  sessionReflection().addToServer(server);
  const credentials = new AgentPortCredentials(authority.bundlePem, certificate.current());
  const unfollow = certificate.onChange((identity) => credentials.replace(identity));
  const port = await bind(server, listen, credentials);
  return {
    port,
    async close(graceMs = 2_000) {
      unfollow();
      unwatch();
      tell(health, false);
      fleet.drain();
      await shutDown(server, graceMs, options);
    },
  };
}

function tell(health: HealthImplementation, ready: boolean): void {
  for (const name of ['', SessionService.typeName]) health.setStatus(name, ready ? 'SERVING' : 'NOT_SERVING');
}

/** Has the health service say what /readyz says, a moment later at most. */
function watchReadiness({ ready, store, log }: FleetServerOptions, health: HealthImplementation): () => void {
  let cancel = () => {};
  let over = false;
  let former = true;
  const look = async () => {
    const now = (await ready?.()) ?? true;
    if (over) return;
    if (now !== former) {
      tell(health, now);
      log.info({ ready: now }, 'readiness changed');
    }
    former = now;
    cancel = store.clock.after(LOOK_MS, () => void look());
  };
  if (ready) void look();
  return () => {
    over = true;
    cancel();
  };
}

type SessionCall = grpc.ServerDuplexStream<SessionRequest, SessionResponse>;
type RenewCall = grpc.ServerUnaryCall<RenewRequest, RenewResponse>;

function serverOptions({ keepalive = { timeMs: 10_000, timeoutMs: 5_000 } }: FleetServerOptions): grpc.ServerOptions {
  return {
    'grpc.keepalive_time_ms': keepalive.timeMs,
    'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_receive_message_length': RECEIVE_MAX_BYTES,
    'grpc.max_send_message_length': -1,
  };
}

function session({ fleet, log }: FleetServerOptions, call: SessionCall): void {
  const peer = peerOf(call.getAuthContext());
  if (!peer) {
    fail(call, 'unauthenticated', 'this certificate is not an agent’s');
    return;
  }
  let open = true;
  const link: SessionLink = {
    send(message) {
      if (open) call.write(message);
    },
    close(code, message) {
      if (!open) return;
      open = false;
      if (code === 'ok') call.end();
      else fail(call, code, message);
    },
  };
  const end = fleet.accept(peer, link);
  const over = () => {
    open = false;
    end.closed();
  };
  let unread = 0;
  call.on('data', (message: SessionRequest) => {
    if (!open) return;
    end.receive(message);
    unread += 1;
    if (unread === UNREAD_MAX) call.pause();
    void end.idle().then(() => {
      unread -= 1;
      if (unread === UNREAD_MAX - 1) call.resume();
    });
  });
  call.on('end', () => {
    link.close('ok', 'the agent has left');
    over();
  });
  call.on('cancelled', over);
  call.on('error', (error: Error) => {
    if (open) log.info({ err: error, agent: peer.agentId }, 'the link broke');
    over();
  });
}

async function renewal(options: FleetServerOptions, call: RenewCall, done: grpc.sendUnaryData<RenewResponse>) {
  const peer = peerOf(call.getAuthContext());
  try {
    if (!peer) throw new AppError('unauthenticated', { reason: 'not_an_agent', message: 'This is no agent.' });
    const issued = await renew(options, peer.agentId, call.request.csrPem);
    const { chainPem, bundlePem, renewAt } = issued;
    const answer = { chainPem, caBundlePem: bundlePem, renewAt: timestampFromMs(renewAt) };
    done(null, create(RenewResponseSchema, answer));
  } catch (error) {
    done(asStatus(error, options.log));
  }
}

const STATUS: Record<EndCode, grpc.status> = {
  ok: grpc.status.OK,
  unauthenticated: grpc.status.UNAUTHENTICATED,
  aborted: grpc.status.ABORTED,
  deadline_exceeded: grpc.status.DEADLINE_EXCEEDED,
  invalid_argument: grpc.status.INVALID_ARGUMENT,
  unavailable: grpc.status.UNAVAILABLE,
};

function fail(call: SessionCall, code: EndCode, details: string): void {
  call.emit('error', { code: STATUS[code], details });
}

function asStatus(error: unknown, log: Logger): Partial<grpc.StatusObject> {
  if (error instanceof AppError && error.code in STATUS) {
    return { code: STATUS[error.code as EndCode], details: error.message };
  }
  log.error({ err: error }, 'a renewal failed');
  return { code: grpc.status.INTERNAL, details: 'The certificate could not be renewed; try again later.' };
}

function bind(server: grpc.Server, { host, port }: FleetServerOptions['listen'], credentials: AgentPortCredentials) {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
}

async function shutDown(server: grpc.Server, graceMs: number, { fleet, store }: FleetServerOptions): Promise<void> {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  server.tryShutdown(() => resolve());
  const force = () => {
    server.forceShutdown();
    // tryShutdown never calls back for a connection that broke just before.
    resolve();
  };
  const cancels = [
    store.clock.after(graceMs, () => void fleet.stop()),
    // A status that was sent needs a moment to arrive; a frozen peer will never take it.
    store.clock.after(graceMs + LAST_WORDS_MS, force),
  ];
  await left;
  for (const cancel of cancels) cancel();
  await fleet.stop();
}
