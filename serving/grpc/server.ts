/** The gRPC adapter: the generated service, with bounded messages. */
import { Server, type ServiceDefinition } from '@grpc/grpc-js';

import { fail } from '#proto';
import { PredictionServiceService } from '#proto/grpc';

import { handlers, Undecodable, type GrpcContext } from './handlers.ts';

export interface GrpcServerOptions {
  /** A longer message is PAYLOAD_TOO_LARGE. */
  readonly maxMessageBytes: number;
}

/**
 * Above the limit the library refuses a message before it is read, in its own words and without our trailer;
 * so that callers get the code, its limit lies above ours.
 */
const LIBRARY_LIMIT = 4;

export function createGrpcServer(context: GrpcContext, options: GrpcServerOptions): Server {
  const server = new Server({
    'grpc.max_receive_message_length': LIBRARY_LIMIT * options.maxMessageBytes,
    'grpc.max_send_message_length': -1,
  });
  server.addService(tolerant(PredictionServiceService, options.maxMessageBytes), handlers(context));
  return server;
}

/** Decoders that never throw: the library would answer INTERNAL to a malformed message. */
function tolerant(service: ServiceDefinition, maxMessageBytes: number): ServiceDefinition {
  const decode = (method: ServiceDefinition[string], bytes: Buffer): unknown => {
    if (bytes.length > maxMessageBytes) {
      return new Undecodable(fail('PAYLOAD_TOO_LARGE', `a message of ${bytes.length} bytes; at most ${maxMessageBytes} are taken`));
    }
    try {
      return method.requestDeserialize(bytes);
    } catch (cause) {
      return new Undecodable(fail('INVALID_REQUEST', 'the message cannot be decoded', { cause }));
    }
  };
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: (bytes: Buffer): unknown => decode(method, bytes) },
    ]),
  );
}
