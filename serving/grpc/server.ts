/** The gRPC adapter: the generated services, with bounded messages. */
import { Server } from '@grpc/grpc-js';

import { HealthService, PredictionServiceService, ServerReflectionService } from '#proto/grpc';

import { handlers, type GrpcContext } from './handlers.ts';
import { healthHandlers, type HealthContext } from './health.ts';
import { reflectionHandlers } from './reflection.ts';
import { tolerant } from './undecodable.ts';

export interface GrpcServerOptions {
  /** A longer message is PAYLOAD_TOO_LARGE. */
  readonly maxMessageBytes: number;
}

/**
 * Above the limit the library refuses a message before it is read, in its own words and without our trailer;
 * so that callers get the code, its limit lies above ours.
 */
const LIBRARY_LIMIT = 4;

const PREDICTION = 'foretick.v1.PredictionService';
const OTHERS = ['grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection'];
/** What clients that are older ask: the same messages under another name. */
const ALPHA = { serverReflectionInfo: { ...ServerReflectionService.serverReflectionInfo, path: '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo' } };

export function createGrpcServer(context: GrpcContext & HealthContext, { maxMessageBytes }: GrpcServerOptions): Server {
  const server = new Server({
    'grpc.max_receive_message_length': LIBRARY_LIMIT * maxMessageBytes,
    'grpc.max_send_message_length': -1,
  });
  server.addService(tolerant(PredictionServiceService, maxMessageBytes), handlers(context));
  server.addService(tolerant(HealthService, maxMessageBytes), healthHandlers(context, [PREDICTION]));
  const reflection = reflectionHandlers(context.slots, [PREDICTION, ...OTHERS]);
  for (const service of [ServerReflectionService, ALPHA]) server.addService(tolerant(service, maxMessageBytes), reflection);
  return server;
}
