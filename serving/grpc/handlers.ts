/** The generated service over the transport-free ones. */
import { Metadata, type ServerWritableStream, type UntypedServiceImplementation, type sendUnaryData } from '@grpc/grpc-js';

import { asForetickError, fail, type ForetickError } from '#proto';
import type { ListModelsRequest, ListModelsResponse, PredictRequest, PredictResponse, SubscribeRequest, SubscribeResponse } from '#proto/grpc';

import { drainOf } from '../drain.ts';
import type { ServingMetrics } from '../metrics.ts';
import type { PredictService } from '../predict/service.ts';
import type { Subscription, SubscriptionService } from '../subscribe/service.ts';
import { serviceError } from './status.ts';
import { decoded, type Undecodable } from './undecodable.ts';

export interface GrpcContext {
  readonly predict: PredictService;
  readonly subscriptions: SubscriptionService;
  readonly metrics: ServingMetrics;
  /** An INTERNAL error was answered. */
  readonly onError: (error: ForetickError, where: string) => void;
}

interface UnaryCall<Request> {
  readonly request: Request | Undecodable;
}

export function handlers(context: GrpcContext): UntypedServiceImplementation {
  const { predict, metrics } = context;

  function unary<Request, Response>(method: string, answer: (request: Request) => Response) {
    return (call: UnaryCall<Request>, callback: sendUnaryData<Response>): void => {
      try {
        const response = answer(decoded(call.request));
        metrics.request('grpc', method, 'OK');
        callback(null, response);
      } catch (error) {
        callback(refuse(context, method, error));
      }
    };
  }

  return {
    predict: unary<PredictRequest, PredictResponse>('Predict', (request) => {
      const began = performance.now();
      const response = { predictions: answerPredict(predict, request) };
      metrics.predictSeconds('grpc', (performance.now() - began) / 1000);
      return response;
    }),
    listModels: unary<ListModelsRequest, ListModelsResponse>('ListModels', () => ({ models: predict.listModels() })),
    subscribe: (call: ServerWritableStream<SubscribeRequest, SubscribeResponse>): void => {
      void relay(context, call);
    },
  };
}

function answerPredict(predict: PredictService, { model, input }: PredictRequest): PredictResponse['predictions'] {
  switch (input?.$case) {
    case 'instrument':
      if (input.instrument === '') throw fail('INVALID_REQUEST', 'instrument is empty');
      return [predict.byInstrument(model, input.instrument)];
    case 'rows': {
      const { rows, values, featureSet, instruments } = input.rows;
      return predict.byRows({ model, rows, values, featureSet, instruments });
    }
    case undefined:
      throw fail('INVALID_REQUEST', 'give either instrument or rows');
  }
}

function refuse(context: GrpcContext, method: string, error: unknown): ReturnType<typeof serviceError> {
  const coded = asForetickError(error);
  context.metrics.request('grpc', method, coded.code);
  if (coded.code === 'INTERNAL') context.onError(coded, `grpc ${method}`);
  return serviceError(coded);
}

/** Writes no faster than the client reads: the next prediction is fetched when the last one has left. */
async function relay(context: GrpcContext, call: ServerWritableStream<SubscribeRequest, SubscribeResponse>): Promise<void> {
  const gone = new AbortController();
  call.once('cancelled', () => { gone.abort(); });
  call.once('close', () => { gone.abort(); });
  const drained = drainOf(call, gone.signal);
  let subscription: Subscription | undefined;
  try {
    const { instruments, models, resumeToken } = decoded<SubscribeRequest>(call.request);
    subscription = await context.subscriptions.open({ instruments, models, resumeToken, signal: gone.signal });
    call.sendMetadata(new Metadata()); // The client learns now that it is subscribed.
    for await (const event of subscription) {
      if (gone.signal.aborted) break;
      if (!call.write(event)) await drained();
    }
    context.metrics.request('grpc', 'Subscribe', 'OK');
    call.end();
  } catch (error) {
    if (gone.signal.aborted) context.metrics.request('grpc', 'Subscribe', 'OK');
    else call.emit('error', refuse(context, 'Subscribe', error));
  } finally {
    subscription?.close();
  }
}
