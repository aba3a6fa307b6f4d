/** The gRPC service. An entry point of its own, so that only who serves or calls it loads the gRPC library. */
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
