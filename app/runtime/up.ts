/** A process of Foretick: the whole of it, or those roles that it has; queue, server, workers, collectors. */
import { Registry } from 'prom-client';
import type { Logger } from 'pino';

import { readSubscriptions, type CollectorStatus } from '#collectors';
import type { FeatureSet } from '#features';
import type { ForetickError } from '#proto';
import { createServer, type ServerAddresses, type ServingServer } from '#serving';

import type { Config } from '../config/schema.ts';
import { changeSubscriptions } from '../subscriptions/change.ts';
import { retryDeadLetters } from '../dead-letters/retry.ts';
import { expectedGroups } from './groups.ts';
import { healthServer, type HealthServer } from './health.ts';
import { Lifecycle, type Component, type LifecycleState } from './lifecycle.ts';
import { runtimeMetrics } from './metrics.ts';
import { Pipeline, timeLimits } from './pipeline.ts';
import { progressWatch } from './progress.ts';
import { stageCounts, stageProvider, type StageCounts } from './stages.ts';

export const ROLES = ['collect', 'features', 'train', 'serve'] as const;
export type Role = (typeof ROLES)[number];

export interface UpOptions {
  /** What this process does. @default everything */
  readonly roles?: readonly Role[];
  /** Models it trains. @default all */
  readonly models?: readonly string[];
  readonly config: Config;
  /** Of `config`: see `featureSetOf`. */
  readonly features: FeatureSet;
  readonly logger: Logger;
  readonly version: string;
  /** A part failed for good; the process should drain and end. */
  readonly onFailure: (error: ForetickError) => void;
  readonly onState?: (state: LifecycleState) => void;
}

export class Up {
  readonly #lifecycle: Lifecycle;
  readonly #pipeline: Pipeline;
  readonly #counts: StageCounts;
  readonly #options: UpOptions;
  readonly #registry = new Registry();
  readonly #stalled: () => string[];
  readonly #health: HealthServer;
  #server: ServingServer | undefined;
  #addresses: ServerAddresses | undefined;

  constructor(options: UpOptions) {
    this.#options = options;
    const { config, features, logger, roles = ROLES, models } = options;
    const progress = progressWatch(config.lifecycle.stalled_after / 1000);
    this.#stalled = () => progress.stalled();
    this.#counts = stageCounts(runtimeMetrics(this.#registry, progress));
    this.#pipeline = new Pipeline({
      config,
      features,
      logger,
      metrics: this.#counts.metrics,
      onFailure: options.onFailure,
      // The others may have to answer before there is an alias; who trains knows what it should be.
      ensureAlias: roles.includes('train'),
      ...(models && { models }),
    });
    this.#health = healthServer({ ...config.health, registry: this.#registry, liveness: () => this.#liveness(), unready: () => (this.state === 'RUNNING' ? [] : [`the process is ${this.state.toLowerCase()}`]) });
    const parts = this.#pipeline.components();
    const of = (role: Role, components: readonly Component[]): readonly Component[] => (roles.includes(role) ? components : []);
    this.#lifecycle = new Lifecycle({
      components: [
        ...(roles.includes('serve') ? [] : [this.#health]),
        parts.queue,
        ...of('serve', [this.#serverComponent()]),
        ...of('features', parts.features),
        ...of('train', parts.training),
        ...of('collect', parts.collectors),
      ],
      graceMs: config.lifecycle.grace / 1000,
      onState: (state) => {
        logger.info({ state }, 'lifecycle');
        options.onState?.(state);
      },
      onStopError: (component, error) => {
        logger.error({ component, code: error.code }, error.message);
      },
    });
  }

  /** Rejects when a part does not start; the parts before it are stopped then. */
  async start(): Promise<ServerAddresses> {
    await this.#lifecycle.start();
    return this.#addresses ?? { httpUrl: this.#health.url, grpcAddress: '' };
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  get state(): LifecycleState {
    return this.#lifecycle.state;
  }

  collectors(): CollectorStatus[] {
    return this.#pipeline.collectors.map((collector) => collector.status());
  }

  #serverComponent(): Component {
    const { config, logger, version, roles = ROLES } = this.#options;
    const { http, grpc, max_staleness, max_streams } = config.serving;
    return {
      name: 'server',
      start: async () => {
        this.#server = createServer({
          queue: this.#pipeline.queue,
          layout: this.#pipeline.layout,
          registry: this.#registry,
          http: { host: http.host, port: http.port, maxBodyBytes: http.max_body_bytes, allowedHosts: http.allowed_hosts },
          grpc: { host: grpc.host, port: grpc.port, maxMessageBytes: grpc.max_message_bytes },
          maxStalenessMs: max_staleness / 1000,
          maxStreams: max_streams,
          liveness: () => this.#liveness(),
          status: () => ({ version, state: this.state, evaluateEvery: config.training.evaluate_every }),
          stages: stageProvider(this.#pipeline, this.#counts),
          groups: expectedGroups(config),
          ...(roles.includes('collect') && {
            collecting: {
              list: () => readSubscriptions(this.#pipeline.queue, this.#pipeline.layout),
              change: (change) => changeSubscriptions(this.#pipeline.queue, this.#pipeline.layout, config, change),
            },
          }),
          // A process that only serves writes nothing.
          ...(roles.length > 1 && {
            retryDeadLetters: (letters, options) =>
              retryDeadLetters(this.#pipeline.queue, this.#pipeline.layout, { letters, ...options, limits: timeLimits(config) }),
          }),
          events: {
            onError: (error, where) => {
              logger.error({ where, code: error.code, err: error }, error.message);
            },
            onRefused: (error, topic) => {
              logger.warn({ topic, code: error.code }, error.message);
            },
            onRetry: (error, topic, delayMs) => {
              logger.warn({ topic, code: error.code, delayMs }, error.message);
            },
            onModel: (model, version) => {
              logger.debug({ model, version }, 'model swapped');
            },
          },
        });
        this.#addresses = await this.#server.start();
      },
      stop: async () => {
        await this.#server?.stop(Math.min(2000, config.lifecycle.grace / 1000));
      },
    };
  }

  #liveness(): { ok: boolean; reasons: string[] } {
    const reasons = this.#stalled().map((task) => `${task} has input and makes no progress`);
    return { ok: reasons.length === 0, reasons };
  }
}
