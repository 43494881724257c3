import {
  type RenewRequest,
  RenewRequestSchema,
  type RenewResponse,
  RenewResponseSchema,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
  SessionResponseSchema,
} from '@berth/proto/agent/v1/session_pb.js';
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { TestAuthority } from './authority.ts';

type Stream = ServerDuplexStream<SessionRequest, SessionResponse>;

/** A control plane of a few lines behind real mutual TLS: it welcomes everybody and renews every certificate. */
export class FakeControlPlane {
  readonly streams: Stream[] = [];
  readonly open = new Set<Stream>();
  readonly received: SessionRequest['message'][] = [];
  /** Serial numbers of the certificates that sessions came with. */
  readonly certificates: string[] = [];
  port = 0;
  /** Largest number of sessions open at once. */
  mostOpen = 0;
  #server: Server | undefined;
  readonly #authority: TestAuthority;

  constructor(authority: TestAuthority) {
    this.#authority = authority;
  }

  /** Starts it, on the same port as before. */
  async start(): Promise<void> {
    const { keyPem, chainPem } = await this.#authority.issue();
    const pair = { private_key: Buffer.from(keyPem), cert_chain: Buffer.from(chainPem) };
    const credentials = ServerCredentials.createSsl(Buffer.from(this.#authority.pem), [pair], true);
    const server = new Server();
    const at = '/berth.agent.v1.SessionService/';
    server.register(
      `${at}Session`,
      (stream: Stream) => this.#session(stream),
      ...codec(SessionResponseSchema, SessionRequestSchema),
      'bidi',
    );
    server.register(`${at}Renew`, this.#renew.bind(this), ...codec(RenewResponseSchema, RenewRequestSchema), 'unary');
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
    this.#server = server;
  }

  /** Ends at once, as a kill would. */
  stop(): void {
    this.#server?.forceShutdown();
    this.open.clear();
  }

  /** Sends a message in the newest session. */
  say(message: MessageInitShape<typeof SessionResponseSchema>['message']): void {
    this.streams.at(-1)?.write(create(SessionResponseSchema, { message }));
  }

  #session(stream: Stream): void {
    this.streams.push(stream);
    this.open.add(stream);
    this.mostOpen = Math.max(this.mostOpen, this.open.size);
    this.certificates.push(stream.getAuthContext().sslPeerCertificate?.serialNumber ?? '');
    const gone = () => this.open.delete(stream);
    stream.on('cancelled', gone).on('error', gone).on('end', gone);
    stream.on('data', ({ message }: SessionRequest) => {
      this.received.push(message);
      if (message.case !== 'hello') return;
      const value = { sessionId: String(this.streams.length), epoch: BigInt(this.streams.length) };
      stream.write(create(SessionResponseSchema, { message: { case: 'welcome', value } }));
    });
  }

  #renew({ request }: ServerUnaryCall<RenewRequest, RenewResponse>, done: sendUnaryData<RenewResponse>): void {
    const now = Date.now();
    const life = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
    this.#authority
      .sign(request.csrPem, life)
      .then((chainPem) => done(null, create(RenewResponseSchema, { chainPem, caBundlePem: this.#authority.pem })))
      .catch((error: Error) => done(error));
  }
}

function codec<O extends DescMessage, I extends DescMessage>(output: O, input: I) {
  return [
    (message: MessageShape<O>) => Buffer.from(toBinary(output, message)),
    (bytes: Buffer): MessageShape<I> => fromBinary(input, bytes),
  ] as const;
}
