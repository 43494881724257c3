import { SessionService } from '@berth/proto/agent/v1/session_pb.js';
import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';

/** Server reflection for the agents' port, made from the descriptors that are in the generated code anyway. */
export function sessionReflection(): ReflectionService {
  const files = new Map<string, DescFile>();
  collect(SessionService.file, files);
  const fileDescriptorProtos = [...files.values()].map(({ proto }) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, proto)),
  );
  const format = 'Protocol Buffer 3 DescriptorProto';
  return new ReflectionService({ [SessionService.typeName]: { format, type: {}, fileDescriptorProtos } });
}

function collect(file: DescFile, into: Map<string, DescFile>): void {
  if (into.has(file.name)) return;
  into.set(file.name, file);
  for (const dependency of file.dependencies) collect(dependency, into);
}
