import { ServerReflection as V1 } from '@berth/proto/grpc/reflection/v1/reflection_pb.js';
import { ServerReflection as V1Alpha } from '@berth/proto/grpc/reflection/v1alpha/reflection_pb.js';
import type { DescFile, DescService, Registry } from '@bufbuild/protobuf';
import { createRegistry, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ConnectRouter } from '@connectrpc/connect';

/** A question of either version; they differ in their package's name alone. */
interface Question {
  messageRequest: { case?: string | undefined; value?: unknown };
}

/**
 * Serves gRPC server reflection for `services`, in the current version and in the one that older clients ask for, so
 * that grpcurl and `buf curl` need no .proto files.
 */
export function registerReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const registry = createRegistry(...services);
  const files = new Map(
    services.flatMap((service) => withDependencies(service.file)).map((file) => [fileName(file), file]),
  );
  const reply = (question: Question) => answer(question, services, registry, files);
  router.service(V1, {
    async *serverReflectionInfo(questions) {
      for await (const question of questions) {
        yield { validHost: question.host, originalRequest: question, messageResponse: reply(question) };
      }
    },
  });
  router.service(V1Alpha, {
    async *serverReflectionInfo(questions) {
      for await (const question of questions) {
        yield { validHost: question.host, originalRequest: question, messageResponse: reply(question) };
      }
    },
  });
}

function answer(
  { messageRequest: asked }: Question,
  services: readonly DescService[],
  registry: Registry,
  files: ReadonlyMap<string, DescFile>,
) {
  const about = typeof asked.value === 'string' ? asked.value : '';
  switch (asked.case) {
    case 'listServices': {
      const service = services.map(({ typeName }) => ({ name: typeName }));
      return { case: 'listServicesResponse' as const, value: { service } };
    }
    case 'fileByFilename':
      return filesOf(files.get(about), about);
    case 'fileContainingSymbol':
      return filesOf(fileOf(about, registry), about);
    case 'allExtensionNumbersOfType':
      return {
        case: 'allExtensionNumbersResponse' as const,
        value: { baseTypeName: about, extensionNumber: [] },
      };
    default:
      return refusal(Code.NotFound, 'There are no extensions.');
  }
}

// A method is asked for as "package.Service.Method"; its file is its service's.
function fileOf(symbol: string, registry: Registry): DescFile | undefined {
  const found = registry.get(symbol) ?? registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))));
  return found && 'file' in found ? found.file : undefined;
}

function filesOf(file: DescFile | undefined, asked: string) {
  if (!file) return refusal(Code.NotFound, `"${asked}" is not known here.`);
  const fileDescriptorProto = withDependencies(file).map((f) => toBinary(FileDescriptorProtoSchema, f.proto));
  return { case: 'fileDescriptorResponse' as const, value: { fileDescriptorProto } };
}

function refusal(errorCode: Code, errorMessage: string) {
  return { case: 'errorResponse' as const, value: { errorCode, errorMessage } };
}

function withDependencies(file: DescFile, seen = new Set<DescFile>()): DescFile[] {
  if (seen.has(file)) return [];
  seen.add(file);
  return [file, ...file.dependencies.flatMap((dependency) => withDependencies(dependency, seen))];
}

function fileName(file: DescFile): string {
  return file.proto.name;
}
