/**
 * gRPC's server reflection, versions 1 and 1alpha (grpc.io/docs/guides/reflection): what this server offers, for clients without
 * .proto files, as grpcurl. Descriptors are those that the code was made from.
 */
import { status, type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { createFileRegistry, fromBinary, toBinary, type DescFile, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

import { asForetickError, hasCode } from '#proto';
import { DESCRIPTORS, type ServerReflectionRequest, type ServerReflectionResponse } from '#proto/grpc';

import { drainOf } from '../drain.ts';
import type { StreamSlot, StreamSlots } from '../streams.ts';
import { serviceError } from './status.ts';
import { decoded, type Undecodable } from './undecodable.ts';

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;
type Question = ServerReflectionRequest['messageRequest'];

/** @param services full names of those that are offered */
export function reflectionHandlers(slots: StreamSlots, services: readonly string[]): UntypedServiceImplementation {
  const answer = answers(services);

  async function relay(call: ServerDuplexStream<ServerReflectionRequest | Undecodable, ServerReflectionResponse>): Promise<void> {
    let slot: StreamSlot | null = null;
    try {
      const opened = slots.open('reflection');
      slot = opened;
      const { signal } = opened;
      for (const end of ['close', 'cancelled']) call.once(end, () => { opened.close(); });
      signal.addEventListener('abort', () => {
        if (hasCode(signal.reason, 'SHUTTING_DOWN')) call.emit('error', serviceError(signal.reason));
      });
      const drained = drainOf(call, signal);
      // Left to itself the iterator would destroy the call, and its last answers, at the end.
      for await (const message of call.iterator({ destroyOnReturn: false }) as AsyncIterable<ServerReflectionRequest | Undecodable>) {
        const originalRequest = decoded(message);
        const isTaken = call.write({ validHost: originalRequest.host, originalRequest, messageResponse: answer(originalRequest.messageRequest) });
        if (!isTaken) await drained();
      }
      call.end();
    } catch (error) {
      // The client has gone, or was told already.
      if (slot?.signal.aborted !== true) call.emit('error', serviceError(asForetickError(error)));
    } finally {
      slot?.close();
    }
  }

  return { serverReflectionInfo: (call: Parameters<typeof relay>[0]): void => void relay(call) };
}

/** What is not there is an answer, and no error of the call. */
function answers(services: readonly string[]): (question: Question) => Answer {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTORS, 'base64')));
  const missing = (what: string): Answer => ({ $case: 'errorResponse', errorResponse: { errorCode: status.NOT_FOUND, errorMessage: `${what} is not known` } });
  const told = (file: DescFile | undefined, name: string): Answer =>
    file ? { $case: 'fileDescriptorResponse', fileDescriptorResponse: { fileDescriptorProto: withImports(file).map((one) => Buffer.from(toBinary(FileDescriptorProtoSchema, one.proto))) } } : missing(name);

  return (question) => {
    switch (question?.$case) {
      case 'listServices':
        return { $case: 'listServicesResponse', listServicesResponse: { service: services.map((name) => ({ name })) } };
      case 'fileByFilename':
        return told(registry.getFile(question.fileByFilename), question.fileByFilename);
      case 'fileContainingSymbol':
        return told(fileOf(registry, question.fileContainingSymbol), question.fileContainingSymbol);
      case 'allExtensionNumbersOfType': {
        const name = question.allExtensionNumbersOfType;
        return registry.getMessage(name) ? { $case: 'allExtensionNumbersResponse', allExtensionNumbersResponse: { baseTypeName: name, extensionNumber: [] } } : missing(name);
      }
      case 'fileContainingExtension':
        // No message of ours has any.
        return missing(`${question.fileContainingExtension.containingType}, ${question.fileContainingExtension.extensionNumber},`);
      case undefined:
        return { $case: 'errorResponse', errorResponse: { errorCode: status.INVALID_ARGUMENT, errorMessage: 'nothing is asked' } };
    }
  };
}

/** The file of a type, or of what is declared within one: a method, a field, a value. */
function fileOf(registry: FileRegistry, symbol: string): DescFile | undefined {
  const type = registry.get(symbol) ?? registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))));
  if (!type) return undefined;
  const name = symbol.slice(type.typeName.length + 1);
  const members = type.kind === 'service' ? type.methods : type.kind === 'message' ? [...type.fields, ...type.oneofs] : type.kind === 'enum' ? type.values : [];
  return name === '' || members.some((member) => member.name === name) ? type.file : undefined;
}

/** The file, then what it needs, each once. */
function withImports(file: DescFile, found: readonly DescFile[] = []): readonly DescFile[] {
  if (found.includes(file)) return found;
  return file.dependencies.reduce<readonly DescFile[]>((all, one) => withImports(one, all), [...found, file]);
}
