import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import {
  type RenewRequest,
  RenewRequestSchema,
  type RenewResponse,
  type SessionRequest,
  type SessionResponse,
  SessionService,
} from '@berth/proto/agent/v1/session_pb.js';
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { ChannelCredentials, Client, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import type { Identity } from './identity.ts';

/** How a frozen peer is noticed; milliseconds. */
export interface Keepalive {
  intervalMs: number;
  timeoutMs: number;
}

/** Bytes of the largest message taken: a snapshot of 100,000 resources with room to spare. */
const MAX_RECEIVE_BYTES = 64 << 20;

/** Shown as the server's name where only its address is known: RFC 6066 allows none there, and grpc-js cannot leave it out. */
const NAMELESS = 'berth.invalid';

const { session: SESSION, renew: RENEW } = SessionService.method;

/** One connection to the session listener: grpc-js carrying protobuf-es messages over TLS 1.3 with both ends verified. */
export class SessionClient {
  readonly #client: Client;

  /** Opens nothing yet. @throws when key or certificate cannot be read */
  constructor(identity: Identity, keepalive: Keepalive) {
    const context = createSecureContext({
      minVersion: 'TLSv1.3',
      ca: identity.caBundlePem,
      cert: identity.chainPem,
      key: identity.keyPem,
    });
    const { sessionAddress } = identity;
    const serverName = identity.serverName || sessionAddress.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    const credentials = ChannelCredentials.createFromSecureContext(context, {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(serverName, certificate),
    });
    this.#client = new Client(sessionAddress, credentials, {
      'grpc.ssl_target_name_override': isIP(serverName) ? NAMELESS : serverName,
      'grpc.default_authority': serverName,
      'grpc.keepalive_time_ms': keepalive.intervalMs,
      'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
      // A renewed certificate needs a connection of its own, and so does every new try.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
    });
  }

  /** Begins the session's stream. */
  session(): ClientDuplexStream<SessionRequest, SessionResponse> {
    const { input, output } = SESSION;
    return this.#client.makeBidiStreamRequest(pathOf(SESSION), serializer(input), deserializer(output));
  }

  /** Asks for a new certificate. @throws ServiceError */
  renew(csrPem: string, timeoutMs: number): Promise<RenewResponse> {
    const request: RenewRequest = create(RenewRequestSchema, { csrPem });
    const { input, output } = RENEW;
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response?: RenewResponse) => {
        if (response) resolve(response);
        else reject(error ?? new Error('no answer'));
      };
      const options = { deadline: Date.now() + timeoutMs };
      this.#client.makeUnaryRequest(pathOf(RENEW), serializer(input), deserializer(output), request, options, done);
    });
  }

  /** Closes the connection; a stream on it ends. */
  close(): void {
    this.#client.close();
  }
}

function pathOf(method: { parent: { typeName: string }; name: string }): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function serializer<D extends DescMessage>(schema: D): (message: MessageShape<D>) => Buffer {
  return (message) => Buffer.from(toBinary(schema, message));
}

function deserializer<D extends DescMessage>(schema: D): (bytes: Buffer) => MessageShape<D> {
  return (bytes) => fromBinary(schema, bytes);
}
