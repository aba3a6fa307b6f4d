/**
 * One server: views and models rebuilt from topics, and two adapters over them.
 *
 * `start` resolves when both ports listen; `/readyz` tells when the views are loaded. `stop`, in this order:
 * 1. `drain`: `/readyz` fails, and so does gRPC's health check; new streams are refused, open ones end with SHUTTING_DOWN;
 * 2. listeners close; calls in flight may finish within the grace period, then connections are cut;
 * 3. followers stop. The queue is the caller's to close.
 */
import { ServerCredentials, type Server as GrpcServer } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';

import { fail } from '#proto';

import { createGrpcServer } from './grpc/server.ts';
import { createHttpServer } from './http/server.ts';
import { listenError, probePort } from './listen.ts';
import { servingMetrics } from './metrics.ts';
import { ModelStore } from './models/store.ts';
import { withDefaults, type ServerOptions, type ServerSettings } from './options.ts';
import { OverviewBuilder } from './overview.ts';
import { PredictService } from './predict/service.ts';
import { Stages } from './stages.ts';
import { StreamSlots } from './streams.ts';
import { SubscriptionService } from './subscribe/service.ts';
import { Views } from './views/views.ts';

export interface ServerAddresses {
  readonly httpUrl: string;
  readonly grpcAddress: string;
}

export interface ServingServer {
  /** PORT_TAKEN, CONFIG_INVALID; nothing is left open then. Once. */
  start(): Promise<ServerAddresses>;
  /** Resolves when all views are loaded to the end that held at start. */
  loaded(): Promise<void>;
  /** Stops taking streams and ends those open; other requests are still answered. */
  drain(): Promise<void>;
  /** Safe to call twice. @param graceMs how long calls in flight may take */
  stop(graceMs: number): Promise<void>;
  /** In-process use: the same predictions without a transport. */
  readonly predict: PredictService;
}

export function createServer(options: ServerOptions): ServingServer {
  const settings = withDefaults(options);
  const { queue, layout, clock, events, registry, maxStalenessMs } = settings;
  const metrics = servingMetrics(registry, () => views.followers);
  const views: Views = new Views({
    queue,
    layout,
    maxStalenessMs,
    clock,
    predictions: { perInstrument: settings.predictionsPerInstrument },
    applyModel: (record) => { models.apply(record); },
    onRefused: (error, topic) => {
      metrics.refused(topic, error.code);
      events.onRefused(error, topic);
    },
    onRetry: (error, topic, delayMs) => {
      metrics.retried(topic, error.code);
      events.onRetry(error, topic, delayMs);
    },
  });
  const models: ModelStore = new ModelStore({
    assembler: settings.assembler,
    aliases: views.aliases,
    isKnown: (name) => models.names().includes(name) || views.predictions.models().has(name) || views.evaluations.models().includes(name),
    onSwitched: ({ published: { manifest } }) => {
      metrics.modelVersion(manifest.model, manifest.shard, manifest.version);
      events.onModel(manifest.model, manifest.version);
    },
  });
  const predict = new PredictService({
    features: views.features,
    evaluations: views.evaluations,
    models,
    maxStalenessMs,
    maxRows: settings.maxRows,
    layout,
    clock,
    onAbstained: (code) => { metrics.abstained(code); },
  });
  const slots = new StreamSlots({ most: settings.maxStreams, onChange: (kind, open) => { metrics.streamsOpen(kind, open); } });
  const subscriptions = new SubscriptionService({
    queue,
    topic: layout.name('predictions'),
    slots,
    resolveModel: (name) => models.resolve(name),
    knowsInstrument: (name) => views.features.get(name) !== undefined || views.predictions.knows(name),
  });

  let draining = false;
  const isDraining = (): boolean => draining;
  const overview = new OverviewBuilder({ views, models, maxStalenessMs, clock, draining: isDraining, status: settings.status });
  const stages = new Stages({ provider: settings.stages, followers: views.followers });
  const onError = events.onError.bind(events);
  const context = {
    queue, layout, views, models, predict, subscriptions, slots, overview, stages, metrics, registry, clock, onError,
    liveness: settings.liveness,
    draining: isDraining,
    heartbeatMs: settings.heartbeatMs,
    groups: settings.groups,
    retryDeadLetters: settings.retryDeadLetters,
    collecting: settings.collecting,
  };

  const grpc = createGrpcServer({ predict, subscriptions, metrics, slots, onError, readiness: { ready: () => views.ready && !draining, loaded: () => views.loaded() } }, settings.grpc);
  let http: FastifyInstance | undefined;
  let stopped: Promise<void> | undefined;

  const drain = (): Promise<void> => {
    draining = true;
    slots.drain();
    return Promise.resolve();
  };

  return {
    predict,
    loaded: () => views.loaded(),
    drain,
    async start() {
      if (http || stopped) throw fail('INVALID_REQUEST', 'a server starts once');
      http = await createHttpServer(context, settings.http);
      try {
        const httpUrl = await listenHttp(http, settings);
        const grpcAddress = await listenGrpc(grpc, settings);
        views.start();
        return { httpUrl, grpcAddress };
      } catch (error) {
        await this.stop(0);
        throw error;
      }
    },
    stop(graceMs) {
      stopped ??= (async () => {
        await drain();
        await Promise.all([closeHttp(http, graceMs), closeGrpc(grpc, graceMs)]);
        await views.stop();
      })();
      return stopped;
    },
  };
}

async function listenHttp(http: FastifyInstance, { http: { host, port } }: ServerSettings): Promise<string> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    throw listenError(error, 'HTTP', host, port);
  }
  return `http://${inUrl(host)}:${(http.server.address() as AddressInfo).port}`;
}

async function listenGrpc(grpc: GrpcServer, { grpc: { host, port } }: ServerSettings): Promise<string> {
  if (port !== 0) await probePort('gRPC', host, port);
  const bound = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync(`${inUrl(host)}:${port}`, ServerCredentials.createInsecure(), (error, given) => {
      if (error) reject(listenError(error, 'gRPC', host, port));
      else resolve(given);
    });
  });
  return `${inUrl(host)}:${bound}`;
}

function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

async function closeHttp(http: FastifyInstance | undefined, graceMs: number): Promise<void> {
  if (!http) return;
  const cut = setTimeout(() => { http.server.closeAllConnections(); }, graceMs);
  await http.close();
  clearTimeout(cut);
}

async function closeGrpc(grpc: GrpcServer, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => { grpc.forceShutdown(); resolve(); }, graceMs);
    grpc.tryShutdown(() => { clearTimeout(cut); resolve(); });
  });
}
