/** The gRPC services. An entry point of its own, so that only who serves or calls it loads the gRPC library. */
export {
  FeatureRows as FeatureRowsMessage,
  ListModelsRequest,
  ListModelsResponse,
  ModelInfo,
  PredictRequest,
  PredictResponse,
  PredictionServiceClient,
  PredictionServiceService,
  Scored,
  SubscribeRequest,
  SubscribeResponse,
  type PredictionServiceServer,
} from '../gen/foretick/v1/service.ts';
export { HealthCheckResponse_ServingStatus, HealthClient, HealthService, type HealthCheckRequest, type HealthCheckResponse, type HealthListResponse } from '../gen/grpc/health/v1/health.ts';
export { ServerReflectionClient, ServerReflectionService, type ServerReflectionRequest, type ServerReflectionResponse } from '../gen/grpc/reflection/v1/reflection.ts';
export { DESCRIPTORS } from '../gen/descriptors.ts';
