import {
  RenewRequestSchema,
  RenewResponseSchema,
  SessionRequestSchema,
  SessionResponseSchema,
  SessionService,
} from '@berth/proto/agent/v1/session_pb.js';
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';

/** SessionService for grpc-js, with protobuf-es messages. */
export const sessionServiceDefinition = {
  session: {
    path: `/${SessionService.typeName}/Session`,
    requestStream: true,
    responseStream: true,
    ...codec(SessionRequestSchema, SessionResponseSchema),
  },
  renew: {
    path: `/${SessionService.typeName}/Renew`,
    requestStream: false,
    responseStream: false,
    ...codec(RenewRequestSchema, RenewResponseSchema),
  },
} as const;

type Codec<I, O> = Pick<
  MethodDefinition<I, O>,
  'requestSerialize' | 'requestDeserialize' | 'responseSerialize' | 'responseDeserialize'
>;

function codec<I extends DescMessage, O extends DescMessage>(
  input: I,
  output: O,
): Codec<MessageShape<I>, MessageShape<O>> {
  return {
    requestSerialize: (message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}
