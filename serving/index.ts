export { createServer, type ServerAddresses, type ServingServer } from './server.ts';
export type { ServerEvents, ServerOptions } from './options.ts';
export type { Liveness } from './http/context.ts';
export type { ErrorBody } from './http/errors.ts';
export type { GivenRows, PredictService } from './predict/service.ts';
export { describeRecord, describeRows, type DescribedRow } from './tail/describe.ts';
export { tail, type TailRequest } from './tail/service.ts';
export { CODE_TRAILER } from './grpc/status.ts';
