/** A bare client of the agents' port: keys, certificates and one stream, with nothing of the agent around it. */
import { webcrypto } from 'node:crypto';
import {
  RenewRequestSchema,
  type RenewResponse,
  type SessionRequest,
  type SessionResponse,
} from '@berth/proto/agent/v1/session_pb.js';
import { create } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { sessionServiceDefinition } from './service-definition.ts';
import { type AgentSays, says } from './test-site.ts';
import * as x509 from './x509.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A key in PEM and a request for it. */
export async function keyAndCsr(algorithm: { name: string; namedCurve: string; hash: string } = ALGORITHM) {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=host',
    keys,
    signingAlgorithm: algorithm,
  });
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { keys, keyPem: x509.PemConverter.encode(der, 'PRIVATE KEY'), csrPem: csr.toString('pem') };
}

/** What a client shows and trusts. */
export interface ClientIdentity {
  bundlePem: string;
  keyPem: string;
  chainPem: string;
}

/** A connection to the agents' port. */
export class TestClient {
  readonly #client: grpc.Client;
  stream: grpc.ClientDuplexStream<SessionRequest, SessionResponse> | undefined;
  readonly heard: SessionResponse['message'][] = [];
  status: grpc.StatusObject | undefined;

  constructor(port: number, { bundlePem, keyPem, chainPem }: ClientIdentity) {
    const [ca, key, chain] = [bundlePem, keyPem, chainPem].map((pem) => Buffer.from(pem));
    const credentials = grpc.credentials.createSsl(ca, key, chain);
    this.#client = new grpc.Client(`127.0.0.1:${port}`, credentials, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  /** Opens the stream and says hello. */
  open(): this {
    const { path, requestSerialize, responseDeserialize } = sessionServiceDefinition.session;
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    stream.on('data', ({ message }: SessionResponse) => this.heard.push(message));
    stream.on('status', (status) => {
      this.status = status;
    });
    // The status says all an error says.
    stream.on('error', () => {});
    this.stream = stream;
    this.say({ case: 'hello', value: { instance: 'test', version: '0.1.0' } });
    return this;
  }

  say(message: AgentSays): void {
    this.stream?.write(says(message));
  }

  /** Asks for a new certificate. */
  renew(csrPem: string): Promise<RenewResponse> {
    const { path, requestSerialize, responseDeserialize } = sessionServiceDefinition.renew;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(RenewRequestSchema, { csrPem }),
        (error, response) => (response ? resolve(response) : reject(error)),
      );
    });
  }

  /** Asks for the health of the server: 1 is SERVING. */
  health(): Promise<number> {
    const bytes = (data: Buffer) => data;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest('/grpc.health.v1.Health/Check', bytes, bytes, Buffer.alloc(0), (error, answer) =>
        answer ? resolve(answer.readUInt8(1)) : reject(error),
      );
    });
  }

  close(): void {
    this.stream?.cancel();
    this.#client.close();
  }
}
